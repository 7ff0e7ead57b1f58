"""How many events a second the receiver's inbox takes, each committed to the disk, beside plain SQLite on the same one.

Bar: at least 2,000 events/s through the receiver's own intake under a burst, where deliveries that arrive at once share
a commit. One thread alone commits each event by itself, as plain SQLite does, and is as fast as the disk lets it. All
write the same rows with WAL and synchronous=FULL, in turns.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from _table import Row, show

from harness.sandbox.integration.inbox import InboxEvent
from harness.sandbox.integration.intake import Intake
from harness.sandbox.integration.storage import Database

EVENTS = 600
ROUNDS = 3
THREADS = 32
"""Deliveries at once, as in a burst; a receiver has up to 40 threads."""


def event(number: int) -> InboxEvent:
    """Return an event of the usual size."""
    event_id = f"evt_{number:020}"
    run = {
        "id": "run_00000000000000a2",
        "projectId": "prj_00000000000000a1",
        "trigger": "manual",
        "status": "succeeded",
    }
    body = {"id": event_id, "type": "run.succeeded", "createdAt": "2026-11-02T09:00:05.000Z", "data": {"run": run}}
    headers = json.dumps({"host": "127.0.0.1:3000", "content-type": "application/json", "content-length": "240"})
    return InboxEvent(
        event_id=event_id,
        type="run.succeeded",
        headers=headers,
        body=json.dumps(body).encode(),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        known=True,
    )


def inserted(number: int, add: Callable[[InboxEvent], object]) -> float:
    """Return events a second of one thread."""
    events = [event(number * EVENTS + n) for n in range(EVENTS)]
    start = time.perf_counter()
    for each in events:
        add(each)
    return EVENTS / (time.perf_counter() - start)


def inserted_at_once(number: int, add: Callable[[InboxEvent], object]) -> float:
    """Return events a second of several threads, as a receiver has under load."""
    events = [event(10**9 + number * EVENTS + n) for n in range(EVENTS)]
    shares = [events[n::THREADS] for n in range(THREADS)]
    threads = [threading.Thread(target=lambda s=share: [add(each) for each in s]) for share in shares]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return EVENTS / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(plain(Path(folder))) as raw:
        database = Database(f"sqlite:///{folder}/integration.db")

        def add_plain(incoming: InboxEvent) -> None:
            values = (incoming.event_id, incoming.type, time.time(), incoming.headers, incoming.body)
            raw.execute("BEGIN IMMEDIATE")
            raw.execute("INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?, 'new', 0, 0, '')", (*values, incoming.traceparent))
            raw.execute("COMMIT")

        intake = Intake(database)

        def add(incoming: InboxEvent) -> None:
            assert intake.add(incoming)

        one, many, bare = [], [], []
        for number in range(ROUNDS):
            bare.append(inserted(number, add_plain))
            one.append(inserted(number, add))
            many.append(inserted_at_once(number, add))
        database.close()
    ours, burst, theirs = (statistics.median(figures) for figures in (one, many, bare))
    show(
        "Durable inbox insert on SQLite (WAL, synchronous=FULL, per event or burst)",
        [
            Row(work=f"receiver's intake, {THREADS} deliveries at once", value=burst, unit="events/s", bar=">= 2000"),
            Row(work="receiver's intake, one after another", value=ours, unit="events/s"),
            Row(work="plain sqlite3, one after another", value=theirs, unit="events/s"),
            Row(work="one after another: intake against plain sqlite3", value=ours / theirs, unit="x"),
            Row(work="burst: intake against plain sqlite3", value=burst / theirs, unit="x"),
        ],
    )


def plain(folder: Path) -> sqlite3.Connection:
    """Return a connection to a database with the same table and index, made with nothing but SQL."""
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE inbox (event_id TEXT PRIMARY KEY, type TEXT, received_at REAL, headers TEXT, body BLOB, "
        "traceparent TEXT, status TEXT, attempts INTEGER, next_at REAL, reason TEXT)"
    )
    connection.execute("CREATE INDEX inbox_due ON inbox (status, next_at)")
    return connection


if __name__ == "__main__":
    main()
