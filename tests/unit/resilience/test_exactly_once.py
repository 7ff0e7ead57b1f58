"""Lost answers to committed writes: what the fault server answers to a repeat, and what counts as done twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.http.client import Network
from harness.http.message import Request, Response
from harness.resilience.client_drill import DrillSetting
from harness.resilience.commits import Commits, complaint_of
from harness.resilience.exactly_once import Keeping, LostAnswers
from harness.resilience.interposed_server import InterposedServer
from harness.resilience.runner import ClientUnderTest
from tests.unit.conftest import Call, Reply, Serve
from tests.unit.resilience.conftest import client_in


def label(method: str, target: str) -> str:
    return f"{method} {target}"


@pytest.fixture
def setting(serve: Serve, tmp_path: Path) -> Iterator[DrillSetting]:
    """A client of a provider that gives each POST a new id."""
    made = iter(range(1, 99))

    def provider(call: Call) -> Reply:
        return (201, {}, {"id": f"r{next(made)}"}) if call.method == "POST" else (200, {}, {})

    with Network().client() as http:
        client = client_in(tmp_path, ClientUnderTest, upstream=serve(provider), http=http)
        yield DrillSetting(client=client, label=label)


@pytest.mark.parametrize(
    "keeping, first, second, statuses, done",
    [
        (Keeping.REPLAYS, ("k", 1), ("k", 1), [201], 1),
        (Keeping.REPLAYS, ("k", 1), ("k", 2), [201], 1),
        (Keeping.REPLAYS, ("k", 1), ("other", 1), [201], 2),
        (Keeping.REPLAYS, ("", 1), ("", 1), [201], 2),
        (Keeping.IN_PROGRESS, ("k", 1), ("k", 1), [409, 201], 1),
        (Keeping.COMPARES, ("k", 1), ("k", 1), [201], 1),
        (Keeping.COMPARES, ("k", 1), ("k", 2), [422, 422], 1),
        (Keeping.NONE, ("k", 1), ("k", 1), [201], 2),
    ],
)
def test_a_repeat_is_answered_by_its_key(
    setting: DrillSetting,
    keeping: Keeping,
    first: tuple[str, int],
    second: tuple[str, int],
    statuses: list[int],
    done: int,
) -> None:
    """The first answer is lost; then a known key replays, conflicts or compares, and each pass is counted."""
    losing = LostAnswers(setting, keeping)
    upstream = setting.client.upstream
    with InterposedServer(upstream, setting.client.http, losing) as server, httpx.Client(trust_env=False) as client:

        def post(key: str, value: int) -> int:
            return client.post(
                f"{server.url}/a", json=value, headers={"Idempotency-Key": key} if key else {}
            ).status_code

        with pytest.raises(httpx.ReadError):
            post(*first)
        seen = [post(*second) for _ in statuses]

    assert seen == statuses
    assert losing.commits.done() == {"POST /a": done}
    assert server.attempts[0].fault == "201, and the answer was lost"


@pytest.mark.parametrize(
    "path, bodies, done",
    [
        ("/a", ['{"id": 1}', '{"id": 1}'], 1),
        ("/a", ['{"id": 1}', '{"id": 2}'], 2),
        ("/a", ['{"data": {"id": 1}}', '{"data": {"id": 1}}'], 1),
        ("/a", ["", ""], 2),
        ("/a/1/cancel", ['{"id": "1"}', '{"id": "1"}'], 2),
        ("/a", ['[{"id": 1}]', "no json"], 2),
    ],
    ids=["same", "two", "inside", "empty", "changed", "unreadable"],
)
def test_what_created_one_resource_counts_once(path: str, bodies: list[str], done: int) -> None:
    """A provider that recognises a write by its content answers with the resource that is there already."""
    commits = Commits(label)
    for body in bodies:
        request = Request(method="POST", url=f"http://x{path}")
        commits.note(request, Response(status=201, body=body.encode()))
        commits.note(request, Response(status=500, body=json.dumps({"id": 9}).encode()))

    assert commits.done() == {f"POST {path}": done}


@pytest.mark.parametrize(
    "done, succeeded, complaint",
    [
        ({"a": 1, "b": 1}, True, ""),
        ({"a": 2, "b": 1}, True, "a was done 2 times at the provider instead of 1"),
        ({"a": 1}, False, ""),
        ({"a": 1}, True, "the client reported success, and b was done 0 times instead of 1"),
        ({"a": 1, "b": 1, "c": 1}, False, "c was done 1 times at the provider instead of never"),
    ],
    ids=["right", "twice", "stopped", "missing", "other"],
)
def test_what_was_done_is_compared_with_the_usual(done: dict[str, int], succeeded: bool, complaint: str) -> None:  # noqa: FBT001
    """Too often is a failure whatever the client reports; too seldom where it reports success."""
    assert complaint_of(Counter(done), Counter({"a": 1, "b": 1}), succeeded=succeeded) == complaint
