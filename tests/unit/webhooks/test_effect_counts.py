"""Probes that count per event, per object, or nothing at all: against integrations that write to SQLite."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Callable

import msgspec
import pytest

from harness.model import Delivery, Event
from harness.webhooks import effects
from harness.webhooks.effect_counts import Apart, Counting, EffectCounter
from harness.webhooks.effects import EffectProbe
from harness.webhooks.rewriting import with_member

_PER_EVENT = "SELECT count(*) AS effects FROM payments WHERE event = ?"
_OF_OBJECT = "SELECT count(*) AS effects FROM log WHERE object = (SELECT object FROM log WHERE event = ?)"
_UPSERT = "INSERT INTO payments VALUES (:object, :event) ON CONFLICT (object) DO UPDATE SET event = excluded.event"
_ONCE = "INSERT INTO payments VALUES (:object, :event) ON CONFLICT (object) DO NOTHING"
_LOG = "INSERT INTO log VALUES (:object, :event)"
_LONG, _SHORT = "pi_3MtwBwLkdIwHu7ix28a3tqPa", "pi_1"

Judge = Callable[..., Counting | None]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """What the counter finds about a probe, for an integration that runs ``writes`` for each delivery."""
    monkeypatch.setattr(effects, "QUIET_S", 0.01)

    def judge(query: str, *writes: str, object_id: str = _LONG, earlier: int = 0, lost: int = 0) -> Counting | None:
        database = sqlite3.connect(":memory:")
        database.executescript("CREATE TABLE payments (object PRIMARY KEY, event); CREATE TABLE log (object, event)")
        numbers = itertools.count(1)
        delivered = itertools.count(1)

        def ask(event_id: str) -> dict[str, int]:
            return {"effects": database.execute(query, (event_id,) * query.count("?")).fetchone()[0]}

        def fresh(event: Event) -> Event:
            return msgspec.structs.replace(event, id=f"evt_{next(numbers)}")

        def deliver(event: Event) -> Delivery:
            row = {"object": json.loads(event.body)["data"]["object"]["id"], "event": event.id}
            if not lost or next(delivered) % lost:
                for write in writes:
                    database.execute(write, row)
            return Delivery(event=event.name, event_id=event.id, url="http://x", status=200, seconds=0)

        body = json.dumps({"id": "evt_0", "data": {"object": {"id": object_id}}}).encode()
        event = Event(name="paid", type="x", id="evt_0", body=body, headers=())
        for _ in range(earlier):
            deliver(fresh(event))
        probe = EffectProbe(ask, count="effects")
        return EffectCounter(probe, fresh=fresh, deliver=deliver, settle_s=0.01).counting(event)

    return judge


def test_a_probe_that_counts_per_event_needs_no_other_object(judge: Judge) -> None:
    """Its numbers are used as they are, however often an integration processes each event."""
    per_event = "SELECT count(*) FROM log WHERE event = ?"

    assert judge(per_event, _LOG, earlier=2) == Counting()
    assert judge(per_event, _LOG, _LOG) == Counting()


@pytest.mark.parametrize("write", [_UPSERT, _ONCE], ids=["last", "first"])
@pytest.mark.parametrize("earlier", [0, 3])
def test_effects_by_object_are_counted_with_objects_apart(judge: Judge, write: str, earlier: int) -> None:
    """An upsert by the object's id is an ordinary integration: each event gets an object of its own."""
    assert judge(_PER_EVENT, write, earlier=earlier) == Counting(apart=Apart(object_key="data.object.id"))


def test_a_number_of_the_object_is_right_where_objects_are_apart(judge: Judge) -> None:
    """A probe that counts rows of the object counts one event where that has an object of its own."""
    assert judge(_OF_OBJECT, _LOG) == Counting(apart=Apart(object_key="data.object.id"))


@pytest.mark.parametrize("query, write", [(_PER_EVENT, _UPSERT), (_OF_OBJECT, _LOG)], ids=["upsert", "rows"])
def test_objects_that_cannot_be_apart_are_the_fault_of_the_probe(judge: Judge, query: str, write: str) -> None:
    """Its numbers would read as lost events, or as events processed twice."""
    found = judge(query, write, object_id=_SHORT)

    assert found is not None
    assert found.fault.startswith("[receiver] effects does not count per event: the number of one event depends on a")


@pytest.mark.parametrize("query", ["SELECT count(*) FROM log", "SELECT 1"])
def test_a_probe_that_counts_other_events_is_named(judge: Judge, query: str) -> None:
    """What is never delivered has no effects."""
    found = judge(query, _LOG, earlier=1)

    assert found is not None
    assert found.fault == (
        "[receiver] effects reports 1 effect for an event that was never delivered, so it does not count per event. "
        "Select by {event_id} (in SQL :event_id), and return 0, or 404, for an unknown event"
    )


def test_a_probe_that_counts_nothing_is_named(judge: Judge) -> None:
    """An answer that is always 0 shows nothing."""
    found = judge("SELECT 0", _LOG)

    assert found is not None
    assert (
        "no effect within 0.01 s: the receiver does nothing with it, or [receiver] effects does not show it"
        in found.fault
    )


def test_an_integration_that_loses_events_is_no_fault_of_the_probe(judge: Judge) -> None:
    """What is lost although its object is its own is for the drills to find."""
    assert judge("SELECT count(*) FROM log WHERE event = ?", _LOG, lost=2) == Counting()


def test_a_receiver_that_goes_by_bodies_is_no_fault_of_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the id is in a header and bodies are equal, each event gets its own body before the probe is blamed."""
    monkeypatch.setattr(effects, "QUIET_S", 0.01)
    bodies: dict[bytes, str] = {}
    numbers = itertools.count(1)

    def deliver(event: Event) -> Delivery:
        bodies.setdefault(event.body, event.id)
        return Delivery(event=event.name, event_id=event.id, url="http://x", status=200, seconds=0)

    event = Event(name="paid", type="x", id="evt_0", body=b'{"amount": 1}', headers=())
    found = EffectCounter(
        EffectProbe(lambda event_id: {"effects": list(bodies.values()).count(event_id)}, count="effects"),
        fresh=lambda event: msgspec.structs.replace(event, id=f"evt_{next(numbers)}"),
        deliver=deliver,
        settle_s=0.01,
    ).counting(event)

    assert found == Counting(apart=Apart(vary=with_member))
    assert found.apart(event).body != found.apart(event).body
