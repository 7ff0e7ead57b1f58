"""A request is under way while the answer to the one before is judged, and nothing else changes."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis.database import InMemoryExampleDatabase

from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.unserved import UnservedWatch
from tests.unit.conftest import document

if TYPE_CHECKING:
    from tests.unit.conftest import Attacker, Call, Reply, Serve

ITEMS = document(
    {
        "/items": {
            "get": {
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}}],
                "responses": {
                    "200": {"description": "", "content": {"application/json": {"schema": {"type": "array"}}}},
                    "400": {"description": ""},
                },
            }
        }
    }
)


def test_the_same_requests_are_sent_in_the_same_order_one_at_a_time(
    attacker: Attacker, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same seed, the provider receives what it would receive without, never two at once."""
    sent: list[str] = []
    busy = threading.Lock()

    def provider(call: Call) -> Reply:
        assert busy.acquire(blocking=False), "a second request at the same time"
        sent.append(f"{call.method} {call.path}")
        busy.release()
        return 200, {}, []

    found = attacker.fuzzer(ITEMS, serve(provider)).fuzz("GET /items")
    ahead, sent = sent, []
    attacker.found = DefectStore(InMemoryExampleDatabase(), "tests")
    monkeypatch.setattr(UnservedWatch, "is_served", False)
    waited = attacker.fuzzer(ITEMS, serve(provider)).fuzz("GET /items")

    assert ahead == sent
    assert len(ahead) > 20
    assert [f.id for f in found] == [f.id for f in waited]


def test_the_last_answer_is_judged(attacker: Attacker, serve: Serve) -> None:
    """A defect that only the last request shows is found."""
    sent: list[str] = []

    def provider(call: Call) -> Reply:
        sent.append(call.path)
        return (500 if len(sent) == last else 200), {}, []

    last = 0
    attacker.fuzzer(ITEMS, serve(provider)).fuzz("GET /items")
    last, sent = len(sent), []
    found = attacker.fuzzer(ITEMS, serve(provider)).fuzz("GET /items")

    assert any("Server error" in finding.summary for finding in found)


def test_threads_take_turns_as_before_when_an_operation_ends(attacker: Attacker, serve: Serve) -> None:
    """What is set for the process is set back."""
    before = sys.getswitchinterval()
    attacker.fuzzer(ITEMS, serve(lambda _: (200, {}, []))).fuzz("GET /items")
    assert sys.getswitchinterval() == before
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("generated requests")]
