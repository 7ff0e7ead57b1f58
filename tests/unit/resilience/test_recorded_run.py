"""One recorded run answers another, in the provider's place."""

from __future__ import annotations

import pytest

from harness.http.message import Request, Response
from harness.resilience.recorded_run import RecordedAnswers, RecordedRun
from harness.resilience.workflow_operations import WorkflowOperations


def request(method: str, target: str) -> Request:
    return Request(method=method, url=f"http://127.0.0.1{target}")


@pytest.fixture
def answers() -> RecordedAnswers:
    """Two orders, one of which was polled twice."""
    recorded = RecordedRun()
    for said, body in (
        ("POST /orders", b"1"),
        ("POST /orders", b"2"),
        ("GET /orders/1", b"open"),
        ("GET /orders/1", b"done"),
    ):
        method, _, target = said.partition(" ")
        recorded.add(request(method, target), Response(status=200, body=body))
    return recorded.answers(WorkflowOperations([]).label_of)


def asked(answers: RecordedAnswers, said: str, key: str = "") -> bytes | None:
    method, _, target = said.partition(" ")
    found = answers.find(request(method, target), key)
    return found.body if found else None


def test_each_call_gets_the_next_answer_and_in_the_end_the_last(answers: RecordedAnswers) -> None:
    """A run that polls once more than the recorded one does not fail by that."""
    assert [asked(answers, "GET /orders/1") for _ in range(3)] == [b"open", b"done", b"done"]


def test_a_key_gets_its_answer_again(answers: RecordedAnswers) -> None:
    """A repeated write is the same one, and the next write another."""
    assert [asked(answers, "POST /orders", key) for key in ("a", "a", "b")] == [b"1", b"1", b"2"]


def test_an_identifier_of_the_clients_own_is_no_other_operation(answers: RecordedAnswers) -> None:
    """What the recorded run did not call by this path is answered by its operation; anything else is not."""
    assert asked(answers, "GET /orders/77") == b"open"
    assert asked(answers, "DELETE /orders/1") is None
