"""Changed answers: as far as the document allows, and no further."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from harness.http.message import Request, Response
from harness.resilience.changed_answers import ChangedAnswers
from harness.resilience.client_drill import DrillSetting
from harness.resilience.runner import ClientUnderTest
from harness.resilience.tolerance import DRILLS
from tests.unit.resilience.conftest import client_in

ANSWER = {"id": 1, "note": "x", "owner": {"name": "a", "team": "b"}}
CHANGES = {
    "unknown-member": {**ANSWER, "x_added_by_a_later_version": "unknown"},
    "other-order": {"owner": {"team": "b", "name": "a"}, "note": "x", "id": 1},
    "optional-missing": {"id": 1, "owner": {"name": "a"}},
    "null": {"id": 1, "note": None, "owner": {"name": "a", "team": None}},
}


def kept(answer: Any) -> bool:
    """The document of these tests requires id, owner and its name, none of them null."""
    return answer.get("id") is not None and (answer.get("owner") or {}).get("name") is not None


def changed(case_id: str, content: bytes, allows: Callable[[Any], bool], folder: Path, status: int = 200) -> bytes:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    client = client_in(folder, ClientUnderTest, upstream="", http=http)
    setting = DrillSetting(
        client=client,
        label=lambda method, target: f"{method} {target}",
        allows=lambda _, response: allows(msgspec.json.decode(response.body)),
    )
    drill = next(drill for drill in DRILLS if drill.id == case_id)
    answers = ChangedAnswers(setting, [drill.judge.keywords["kind"]])  # type: ignore[attr-defined] # a partial
    response = Response(status=status, headers=(("Content-Type", "application/json"),), body=content)
    answered = answers(Request(method="GET", url="http://x/a"), lambda: response).answer
    assert isinstance(answered, Response)
    return answered.body


@pytest.mark.parametrize("case_id", CHANGES)
def test_an_answer_is_changed_as_far_as_the_document_allows(case_id: str, tmp_path: Path) -> None:
    """What is required stays, and what the document forbids is not sent."""
    body = json.dumps(ANSWER).encode()

    assert changed(case_id, body, kept, tmp_path) == msgspec.json.encode(CHANGES[case_id])
    assert changed(case_id, body, lambda answer: answer == ANSWER and [*answer] == [*ANSWER], tmp_path) == body


@pytest.mark.parametrize("content, status", [(b"{", 200), (b"", 200), (b'{"id": 1}', 404), (b"[]", 200), (b"7", 200)])
def test_other_answers_stay(content: bytes, status: int, tmp_path: Path) -> None:
    """Errors, and what is no JSON or has no members, pass unchanged."""
    for case_id in CHANGES:
        assert changed(case_id, content, lambda _: True, tmp_path, status) == content
