from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from harness.sandbox.defects import Planted
from harness.sandbox.integration import counts, inbox
from harness.sandbox.integration.inbox import InboxEvent
from harness.sandbox.integration.intake import Intake
from harness.sandbox.integration.storage import Database, effects
from harness.sandbox.integration.storage import inbox as table
from harness.sandbox.integration.worker import Worker, WorkPolicy
from tests.waiting import wait_for

NOW = WorkPolicy(threads=0, first_delay=0)


def add(database: Database, event: dict[str, Any], *, body: bytes | None = None) -> str:
    """Put an event into the inbox."""
    event_id = str(event["id"])
    raw = json.dumps(event).encode() if body is None else body
    incoming = InboxEvent(event_id=event_id, type=event["type"], headers="{}", body=raw, traceparent="", known=True)
    Intake(database).add(incoming)
    return event_id


def happened(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(effects.c.event_id)).scalars())


def work_off(worker: Worker) -> int:
    rounds = 0
    while worker.work_once():
        rounds += 1
    return rounds


def test_an_event_is_stored_once(database: Database, run_event: Any) -> None:
    """The same id again is known, also when the body differs."""
    event = run_event("evt_1")
    one = InboxEvent(event_id="evt_1", type=event["type"], headers="{}", body=b"{}", traceparent="", known=True)

    intake = Intake(database)

    assert [intake.add(one), intake.add(one)] == [True, False]


def test_an_event_that_cannot_be_processed_becomes_a_dead_letter(database: Database, run_event: Any) -> None:
    """After its attempts it is kept with id, reason, attempts and raw body, is counted, and stops nobody else."""
    body = b'{"id": "evt_1",  "type": "run.failed", "data": {}}'
    add(database, {"id": "evt_1", "type": "run.failed"}, body=body)
    add(database, run_event("evt_2"))
    worker = Worker(database, policy=NOW)

    assert work_off(worker) == NOW.max_attempts + 1
    (dead,) = inbox.dead_letters(database)
    assert (dead["event_id"], dead["attempts"], dead["body"]) == ("evt_1", 3, body)
    assert dead["reason"] == "UnprocessableEventError: data.run.id is missing or not text"
    assert happened(database) == ["evt_2"]
    assert counts.read(database)[counts.DEAD_LETTERS, ""] == 1


def test_an_event_that_breaks_the_description_is_given_up_at_once(database: Database, run_event: Any) -> None:
    """However well signed, it is not processed; the reason names the place, and nothing of the event's values."""
    event = run_event("evt_1")
    event["data"]["run"]["status"] = "a-secret-of-somebody"
    add(database, event)

    assert work_off(Worker(database, policy=NOW)) == 1
    (dead,) = inbox.dead_letters(database)
    said = "UnpromisedEventError: /data/run/status breaks the product's description (enum)"
    assert (dead["attempts"], dead["reason"]) == (1, said)
    assert happened(database) == []


@pytest.mark.parametrize(
    "defect, effects", [("worker-processes-invalid-events", ["evt_1"]), ("worker-forgets-invalid-events", [])]
)
def test_planted_defects_of_invalid_events_show(
    defect: str, effects: list[str], database: Database, run_event: Any
) -> None:
    """With one the event has its effect all the same, with the other it is gone without a word."""
    add(database, {k: v for k, v in run_event("evt_1").items() if k != "createdAt"})
    work_off(Worker(database, policy=NOW, planted=Planted(frozenset({defect}))))

    assert happened(database) == effects
    assert inbox.dead_letters(database) == []


def test_a_dead_letter_can_be_driven_again(database: Database, run_event: Any) -> None:
    """Once what was wrong is mended, a redriven event has its effect, once."""
    add(database, run_event("evt_1"))
    troubled = Worker(database, policy=NOW, look_up=_raises)
    work_off(troubled)

    assert inbox.drive_again(database, ["evt_1", "evt_unknown"]) == 1
    assert work_off(Worker(database, policy=NOW)) == 1
    assert happened(database) == ["evt_1"]
    assert inbox.drive_again(database, ["evt_1"]) == 0, "what is done is never driven again"


def _raises(_run_id: str) -> str:
    raise RuntimeError("the product's answer made no sense")


def test_a_claim_that_ran_out_has_no_effect(database: Database, run_event: Any) -> None:
    """When another worker took the event over, the first one's work is void: one effect, not two."""
    add(database, run_event("evt_1"))
    second = Worker(database, policy=NOW)

    def taken_over(_run_id: str) -> str:
        with database.writing() as connection:
            connection.execute(update(table).values(next_at=0))  # as if the lease had run out long ago
        second.work_once()
        return ""

    Worker(database, policy=NOW, look_up=taken_over).work_once()

    assert happened(database) == ["evt_1"]


def test_a_claim_taken_over_within_one_worker_has_no_effect(database: Database, run_event: Any) -> None:
    """An event that a second thread claims after the first claim ran out has one effect and no error."""
    add(database, run_event("evt_1"))
    rounds: list[bool] = []

    def taken_over(_run_id: str) -> str:
        if not rounds:
            rounds.append(True)
            with database.writing() as connection:
                connection.execute(update(table).values(next_at=0))  # as if the lease had run out long ago
            rounds.append(worker.work_once())
        return ""

    worker = Worker(database, policy=NOW, look_up=taken_over)

    assert worker.work_once()
    assert rounds == [True, True]
    assert happened(database) == ["evt_1"]


def test_a_claimed_event_is_nobody_elses(database: Database, run_event: Any) -> None:
    """Until the lease runs out nobody else gets it; then it is due again."""
    add(database, run_event("evt_1"))

    assert inbox.claim(database, lease_s=600) is not None
    assert inbox.claim(database, lease_s=600) is None
    with database.writing() as connection:
        connection.execute(update(table).values(next_at=0))  # as if the lease had run out long ago
    again = inbox.claim(database, lease_s=600)
    assert again is not None
    assert again.attempts == 2


def test_a_lease_is_prolonged_while_the_work_goes_on(database: Database, run_event: Any) -> None:
    """Work that takes longer than the lease is done once, on the first attempt."""
    add(database, run_event("evt_1"))
    started, may_end = threading.Event(), threading.Event()

    def look_up(_run_id: str) -> str:
        started.set()
        may_end.wait(60)
        return ""

    def leased_until() -> float:
        with database.reading() as connection:
            return float(connection.execute(select(table.c.next_at)).scalar_one())

    worker = Worker(database, policy=WorkPolicy(threads=2, lease=6, idle=0.02), look_up=look_up)
    worker.start()
    assert started.wait(60)
    first = leased_until()
    wait_for(lambda: leased_until() > first)
    may_end.set()
    wait_for(lambda: happened(database))
    worker.stop()
    state = inbox.state(database, "evt_1")

    assert state is not None
    assert (state["effects"], state["attempts"]) == (1, 1)


def test_an_event_that_kills_its_workers_is_given_up(database: Database, run_event: Any) -> None:
    """After many claims that nobody came back from, it is a dead letter instead of the end of the next worker."""
    add(database, run_event("evt_1"))
    with database.writing() as connection:
        connection.execute(update(table).values(attempts=NOW.max_abandoned))
    Worker(database, policy=NOW).work_once()

    assert inbox.dead_letters(database)[0]["reason"] == "its worker died 10 times"


def test_many_workers_share_an_inbox(database: Database, run_event: Any) -> None:
    """Eight threads of two workers process each event once."""
    ids = [add(database, run_event(f"evt_{n}", number=n % 5)) for n in range(60)]
    workers = [Worker(database, policy=WorkPolicy(threads=4, idle=0.02)) for _ in range(2)]
    for worker in workers:
        worker.start()
    wait_for(lambda: not inbox.depth(database)[0])
    for worker in workers:
        worker.stop()

    assert sorted(happened(database)) == sorted(ids)


def test_counts_of_several_processes_add_up(database: Database, settings: Any) -> None:
    """Two openings of one database, as two processes have, count into the same series."""
    other = Database(settings.database)

    def count(opened: Database) -> None:
        for _ in range(20):
            counts.add_quietly(opened, {(counts.RETRIES, ""): 1})

    threads = [threading.Thread(target=count, args=(opened,)) for opened in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    assert counts.read(database)[counts.RETRIES, ""] == 40


# A defect of the worker, and how the dead letter of an event that cannot be processed then looks.
DEAD: dict[str, Callable[[list[dict[str, Any]]], bool]] = {
    "worker-drops-the-dead": lambda rows: not rows,
    "worker-swallows-failures": lambda rows: not rows,
    "worker-forgets-dead-bodies": lambda rows: rows[0]["body"] == b"",
    "worker-keeps-no-reason": lambda rows: rows[0]["reason"] == "",
    "worker-counts-attempts-wrong": lambda rows: rows[0]["attempts"] == 0,
}


@pytest.mark.parametrize("defect", DEAD)
def test_planted_defects_of_dead_letters_show(defect: str, database: Database, run_event: Any) -> None:
    """Each harms what is kept of an event that was given up."""
    add(database, run_event("evt_1"))
    work_off(Worker(database, policy=NOW, look_up=_raises, planted=Planted(frozenset({defect}))))

    assert DEAD[defect](inbox.dead_letters(database))


def test_a_worker_that_never_gives_up_shows(database: Database, run_event: Any) -> None:
    """With the defect planted, an event is still tried after its last attempt."""
    add(database, run_event("evt_1"))
    worker = Worker(database, policy=NOW, look_up=_raises, planted=Planted(frozenset({"worker-never-gives-up"})))
    rounds = sum(worker.work_once() for _ in range(6))

    assert rounds == 6
    assert inbox.dead_letters(database) == []
