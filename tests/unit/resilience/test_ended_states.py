"""A state that ends in another way than it did without a change: what a client makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from harness.http.client import Network
from harness.model import Finding, Outcome
from harness.openapi.json_document import JsonDocument
from harness.openapi.value_schemas import described_values
from harness.resilience.client_drill import DrillSetting
from harness.resilience.ended_states import ENDED
from harness.resilience.undisturbed import KnownRuns
from tests.unit.conftest import Call, Reply, Serve
from tests.unit.resilience.conftest import InProcessClient, client_in

RUN = {"properties": {"status": {"enum": ["queued", "running", "succeeded", "failed"]}}}
NO_FAILURE = {"properties": {"status": {"enum": ["queued", "running", "succeeded"]}}}
IN_LIST = {"properties": {"items": {"items": RUN}}}
POLLS = 9


def follows(ends: Callable[[str], bool], succeeds: Callable[[str], bool]) -> Callable[[str, Mapping[str, str]], bool]:
    """Return a client that starts a run and asks for its status until that ``ends``."""

    def work(url: str, _values: Mapping[str, str]) -> bool:
        with httpx.Client(base_url=url, trust_env=False) as http:
            name = http.post("/runs").json()["id"]
            for _ in range(POLLS):
                status = http.get(f"/runs/{name}").json().get("status")
                if status is None:
                    return False
                if ends(status):
                    http.get("/runs").raise_for_status()
                    return succeeds(status)
        return False

    return work


GOING_ON = ("queued", "running")
CAREFUL = follows(lambda s: s in ("succeeded", "failed"), lambda s: s == "succeeded")
STRICT = follows(lambda s: s not in GOING_ON, lambda s: s == "succeeded")
TAKES_FAILURES = follows(lambda s: s in ("succeeded", "failed"), lambda _: True)
TAKES_ALL = follows(lambda s: s not in GOING_ON, lambda _: True)


@pytest.fixture
def setting(serve: Serve, tmp_path: Path) -> Iterator[DrillSetting]:
    """A client of a provider whose runs succeed at the second look."""
    looks: Counter[str] = Counter()

    def provider(call: Call) -> Reply:
        if call.method == "POST":
            return 201, {}, {"id": f"r{len(looks) + 1}", "status": "queued"}
        if call.path == "/runs":
            return 200, {}, {"items": [{"id": name, "status": "succeeded"} for name in looks]}
        looks[call.path[6:]] += 1
        return 200, {}, {"id": call.path[6:], "status": "running" if looks[call.path[6:]] == 1 else "succeeded"}

    with Network().client() as http:
        client = client_in(tmp_path, InProcessClient, upstream=serve(provider), http=http, work=CAREFUL)
        yield DrillSetting(client=client, label=lambda method, path: f"{method} {'/runs/{id}' if path[6:] else path}")


def judged(setting: DrillSetting, work: Any, schema: dict[str, Any] = RUN) -> Finding:
    def describes(request: Any, response: Any) -> Any:
        listed = request.target == "/runs" and request.method == "GET"
        return described_values(JsonDocument({}), IN_LIST if listed else schema, msgspec.json.decode(response.body))

    client = msgspec.structs.replace(setting.client, work=work, known=KnownRuns())
    return ENDED.judge(ENDED, msgspec.structs.replace(setting, client=client, describes=describes))


def test_a_client_that_reads_its_state_passes(setting: DrillSetting) -> None:
    """It asks again while it does not know the state, and reports a failure at the end; a listing proves nothing."""
    found = judged(setting, CAREFUL)

    assert (found.outcome, found.observed.count("changed")) == (Outcome.PASS, 2), found.observed


def test_a_client_that_gives_up_at_an_unknown_state_meets_the_failure_alone(setting: DrillSetting) -> None:
    """In a second run, without the unknown state."""
    found = judged(setting, STRICT)

    assert (found.outcome, found.observed.count("POST /runs")) == (Outcome.PASS, 2), found.observed


@pytest.mark.parametrize(
    "work, schema, value",
    [
        (TAKES_FAILURES, RUN, "failed"),
        (TAKES_ALL, RUN, "x_added_by_a_later_version"),
        (TAKES_ALL, NO_FAILURE, "x_added_by_a_later_version"),
    ],
    ids=["a failure", "an unknown state", "an unknown state, where none names a failure"],
)
def test_a_client_that_takes_any_end_for_success_is_found(
    setting: DrillSetting, work: Any, schema: dict[str, Any], value: str
) -> None:
    """The finding names the value that it took."""
    found = judged(setting, work, schema)

    assert found.outcome is Outcome.FAIL
    assert f"the client reported success, and the last status of GET /runs/{{id}} was {value}" in found.summary


def test_without_an_enumeration_there_is_no_state(setting: DrillSetting) -> None:
    """The document has to list the values."""
    found = judged(setting, CAREFUL, {})

    assert "the workflow reads no state that the document enumerates" in found.summary
