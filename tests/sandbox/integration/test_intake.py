from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.sandbox.integration import inbox
from harness.sandbox.integration.inbox import InboxEvent
from harness.sandbox.integration.intake import Intake
from harness.sandbox.integration.storage import Database


def incoming(event_id: str) -> InboxEvent:
    return InboxEvent(event_id=event_id, type="x", headers="{}", body=b"{}", traceparent="", known=True)


def test_many_at_once_are_stored_and_the_first_of_each_id_is_new(database: Database) -> None:
    """Of forty deliveries at once of ten events, ten are new; every one is in the inbox when its thread is told."""
    intake = Intake(database)

    def add(number: int) -> tuple[bool, bool]:
        new = intake.add(incoming(f"evt_{number % 10}"))
        return new, inbox.state(database, f"evt_{number % 10}") is not None

    with ThreadPoolExecutor(40) as pool:
        results = list(pool.map(add, range(40)))

    intake.close()

    assert sum(new for new, _ in results) == 10
    assert all(stored for _, stored in results)


def test_those_who_wait_share_a_commit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one commit goes on, all who come meanwhile are stored by the next one."""
    commits: list[int] = []
    begun, go_on = threading.Event(), threading.Event()
    writing = Database.writing

    def counted(self: Database) -> Any:
        commits.append(1)
        begun.set()
        go_on.wait(10)
        return writing(self)

    monkeypatch.setattr(Database, "writing", counted)
    intake = Intake(database)
    first = intake.submit(incoming("evt_first"))
    begun.wait(10)
    others = [intake.submit(incoming(f"evt_{n}")) for n in range(15)]
    go_on.set()

    assert all(each.result(10) for each in (first, *others))
    assert len(commits) == 2
    intake.close()


def test_one_who_waits_no_longer_stops_nobody(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery that was cancelled while it waited is passed over; those after it are stored."""
    begun, go_on = threading.Event(), threading.Event()
    writing = Database.writing

    def slow(self: Database) -> Any:
        begun.set()
        go_on.wait(10)
        return writing(self)

    monkeypatch.setattr(Database, "writing", slow)
    intake = Intake(database)
    first = intake.submit(incoming("evt_1"))
    begun.wait(10)
    cancelled, last = intake.submit(incoming("evt_2")), intake.submit(incoming("evt_3"))

    assert not first.cancel()
    assert cancelled.cancel()
    go_on.set()
    assert first.result(10)
    assert last.result(10)
    intake.close()


def test_one_event_that_cannot_be_stored_stops_no_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own thread gets the error; the others are stored, each committed before its thread is told."""
    add = inbox.add

    def picky(connection: Any, database: Database, events: list[InboxEvent]) -> list[bool]:
        if any(event.event_id == "evt_3" for event in events):
            raise ValueError("cannot be stored")
        return add(connection, database, events)

    monkeypatch.setattr(inbox, "add", picky)
    intake = Intake(database)
    futures = [intake.submit(incoming(f"evt_{n}")) for n in range(20)]
    intake.close()

    assert [n for n, future in enumerate(futures) if future.exception()] == [3]
    assert sum(inbox.state(database, f"evt_{n}") is not None for n in range(20)) == 19
