"""Works off the inbox: the effect and the mark that it was done are one transaction."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, insert, select, update

from harness.sandbox.integration.storage import inbox, runs

KNOWN = {"project.created": "", "run.started": "running", "run.succeeded": "succeeded", "run.failed": "failed"}
MAX_ATTEMPTS = 3
FIRST_DELAY_S = 0.1
LEASE_S = 30.0
IDLE_S = 0.05

log = structlog.get_logger()


class Worker:
    """One thread that processes events until it is stopped."""

    def __init__(self, engine: Engine, *, on_done: Callable[[float], None], on_dead: Callable[[], None]) -> None:
        """``on_done`` is told the seconds of each processed event; ``on_dead`` of each dead letter."""
        self._engine = engine
        self._on_done = on_done
        self._on_dead = on_dead
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="worker", daemon=True)

    def start(self) -> None:
        """Start to work."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something new."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the event at hand and end."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=5)

    def _loop(self) -> None:
        while not self._stopping:
            try:
                busy = self.work_once()
            except Exception:
                log.warning("worker round failed", exc_info=True)
                busy = False
            if not busy:
                self._wake.wait(IDLE_S)
                self._wake.clear()

    def work_once(self) -> bool:
        """Process one event that is due; False when there is none."""
        claimed = self._claim()
        if claimed is None:
            return False
        event_id, event_type, body, attempts = claimed
        start = time.perf_counter()
        try:
            with self._engine.begin() as connection:
                _apply(connection, event_type, json.loads(body))
                connection.execute(
                    update(inbox)
                    .where(inbox.c.event_id == event_id, inbox.c.status == "new")
                    .values(status="done", effects=inbox.c.effects + 1)
                )
        except Exception as exc:  # noqa: BLE001 - whatever an event does, it must not stop the others
            self._failed(event_id, attempts, f"{type(exc).__name__}: {exc}")
            return True
        self._on_done(time.perf_counter() - start)
        log.info("event processed", event_id=event_id, event_type=event_type, attempts=attempts)
        return True

    def _claim(self) -> tuple[str, str, bytes, int] | None:
        """Take the next event under a lease: should this process die, it is due again when the lease has run out."""
        now = time.time()
        due = (
            select(inbox.c.event_id)
            .where(inbox.c.status == "new", inbox.c.next_at <= now)
            .order_by(inbox.c.received_at)
            .limit(1)
        )
        if self._engine.dialect.name == "postgresql":
            due = due.with_for_update(skip_locked=True)
        claim = (
            update(inbox)
            .where(inbox.c.event_id == due.scalar_subquery(), inbox.c.next_at <= now)
            .values(next_at=now + LEASE_S, attempts=inbox.c.attempts + 1)
            .returning(inbox.c.event_id, inbox.c.type, inbox.c.body, inbox.c.attempts)
        )
        with self._engine.begin() as connection:
            row = connection.execute(claim).one_or_none()
        return None if row is None else (row[0], row[1], row[2], row[3])

    def _failed(self, event_id: str, attempts: int, reason: str) -> None:
        dead = attempts >= MAX_ATTEMPTS
        later = time.time() + FIRST_DELAY_S * 2 ** (attempts - 1)
        values = {"reason": reason, "next_at": later, "status": "dead" if dead else "new"}
        with self._engine.begin() as connection:
            connection.execute(update(inbox).where(inbox.c.event_id == event_id).values(**values))
        log.warning("event failed", event_id=event_id, attempts=attempts, reason=reason, dead=dead)
        if dead:
            self._on_dead()


def _apply(connection: Connection, event_type: str, event: dict[str, Any]) -> None:
    """Do what the event asks for: keep the status of the run it speaks of."""
    status = KNOWN[event_type]
    if not status:
        _ = event["data"]["project"]["id"]
        return
    run = event["data"]["run"]
    row = {"run_id": run["id"], "project_id": run["projectId"], "status": status}
    # A late run.started must not undo the end of a run.
    final = runs.c.status.in_(["succeeded", "failed", "cancelled"])
    known = connection.execute(select(runs.c.run_id).where(runs.c.run_id == run["id"])).first()
    if known is None:
        connection.execute(insert(runs).values(**row))
    else:
        connection.execute(update(runs).where(runs.c.run_id == run["id"], ~final).values(status=status))
