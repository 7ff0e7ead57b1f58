"""Works off the inbox: the effect and the mark that it was done are one transaction."""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import dataclass
from typing import Any

import structlog

from harness.sandbox.defects import Planted
from harness.sandbox.integration import counts, effects, inbox, promised, tracing
from harness.sandbox.integration.inbox import Claimed
from harness.sandbox.integration.storage import Database

STOP_S = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class WorkPolicy:
    """How events are worked off; all times in seconds."""

    threads: int = 4
    max_attempts: int = 3
    max_abandoned: int = 10
    """Attempts after which an event whose workers die becomes a dead letter, so that it kills no further worker."""
    first_delay: float = 0.1
    max_delay: float = 60.0
    lease: float = 3.0
    """Prolonged while the work goes on; after a crash, an event waits for its rest."""
    idle: float = 0.1
    """Seconds between two polls of an empty inbox."""
    pause_after_failure: float = 1.0
    """While the database does not answer."""


class Worker:
    """A few threads that process events until they are stopped."""

    def __init__(
        self,
        database: Database,
        *,
        look_up: effects.LookUp = lambda _run_id: "",
        simulate: bool = False,
        policy: WorkPolicy | None = None,
        planted: Planted | None = None,
    ) -> None:
        """``look_up`` and ``simulate`` as in `effects.prepare`."""
        self._database = database
        self._look_up = look_up
        self._simulate = simulate
        self._policy = policy or WorkPolicy()
        self._planted = planted or Planted()
        self._lease_s = 1e9 if "worker-claims-for-ever" in self._planted else self._policy.lease
        self._wake = threading.Event()
        self._looking = threading.Lock()
        self._stopping = threading.Event()
        self._in_hand: set[Claimed] = set()
        promised.validators()
        self._threads = [
            threading.Thread(target=self._loop, name=f"worker-{n}", daemon=True) for n in range(self._policy.threads)
        ]
        if self._threads:
            self._threads.append(threading.Thread(target=self._prolong, name="worker-leases", daemon=True))

    def start(self) -> None:
        """Start to work."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Notify the worker of new events."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the events at hand and end; what takes too long is left to the next worker."""
        self._stopping.set()
        self._wake.set()
        deadline = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def work_once(self) -> bool:
        """Process one event that is due; False when there is none."""
        claimed = self._claimed()
        if claimed is not None:
            self._work(claimed)
        return claimed is not None

    def _claimed(self) -> Claimed | None:
        return inbox.claim(self._database, lease_s=self._lease_s)

    def _next(self) -> Claimed | None:
        """Claim an event; where none is due, wait a moment first. One thread looks for all that are idle."""
        with self._looking:
            if self._stopping.is_set():
                return None
            claimed = self._claimed()
            if claimed is None:
                self._wake.wait(self._policy.idle)
                self._wake.clear()
        return claimed

    def _work(self, claimed: Claimed) -> None:
        self._in_hand.add(claimed)
        try:
            with tracing.processing(claimed.type, claimed.event_id, self._parent(claimed)):
                self._process(claimed)
        finally:
            self._in_hand.remove(claimed)

    def _parent(self, claimed: Claimed) -> str:
        return "" if "worker-starts-new-traces" in self._planted else claimed.traceparent

    def _process(self, claimed: Claimed) -> None:
        if claimed.attempts > self._policy.max_abandoned:
            self._failed(claimed, f"its worker died {claimed.attempts - 1} times", dead=True)
            return
        start = time.perf_counter()
        if "worker-marks-done-first" in self._planted:
            with self._database.writing() as connection:
                inbox.finish(connection, claimed)
        try:
            event = json.loads(claimed.body)
            status = effects.prepare(
                claimed.type,
                event,
                look_up=self._look_up,
                simulate=self._simulate,
                trusting="worker-processes-invalid-events" in self._planted,
            )
            done = self._effect(claimed, event, status, start)
        except Exception as exc:  # noqa: BLE001 - whatever an event does, it must not stop the others
            hopeless = isinstance(exc, effects.UnpromisedEventError)
            if hopeless and "worker-forgets-invalid-events" in self._planted:
                with self._database.writing() as connection:
                    inbox.finish(connection, claimed)
                return
            if "worker-spans-hide-failures" not in self._planted:
                tracing.failed(type(exc).__name__)
            given_up = hopeless or claimed.attempts >= self._policy.max_attempts
            dead = given_up and "worker-never-gives-up" not in self._planted
            if dead and "worker-leaves-half-effects" in self._planted:
                with self._database.writing() as connection:
                    effects.note(connection, claimed.event_id, claimed.type)
            self._failed(claimed, f"{type(exc).__name__}: {exc}", dead=dead)
            return
        log.info("event processed" if done else "claim lost", event_id=claimed.event_id, attempts=claimed.attempts)

    def _effect(self, claimed: Claimed, event: dict[str, Any], status: str, start: float) -> bool:
        """Do it and mark it as done, both or neither; False when the lease had run out and another has the event."""
        what: dict[str, Any] = {
            "event_id": claimed.event_id,
            "event_type": claimed.type,
            "event": event,
            "status": status,
        }
        what |= {"forward_only": "worker-takes-the-last-arrival" not in self._planted}
        if "worker-effect-outside-transaction" in self._planted:
            with self._database.writing() as connection:
                effects.apply(connection, self._database, **what)
            time.sleep(1)  # the gap in which a crash makes the effect happen twice
        with self._database.writing() as connection:
            mine = inbox.finish(connection, claimed) or "worker-marks-done-first" in self._planted
            if mine and "worker-effect-outside-transaction" not in self._planted:
                effects.apply(connection, self._database, **what)
            if mine:
                counts.add(connection, self._database, counts.processed(time.perf_counter() - start))
        return mine

    def _failed(self, claimed: Claimed, reason: str, *, dead: bool) -> None:
        longest = min(self._policy.max_delay, self._policy.first_delay * 2 ** (claimed.attempts - 1))
        delay = random.uniform(longest / 2, longest)  # noqa: S311 - jitter is no secret
        inbox.fail(self._database, claimed, reason=reason, dead=dead, delay_s=delay, planted=self._planted)
        if "worker-logs-no-failures" in self._planted:
            return
        log.warning("event failed", event_id=claimed.event_id, attempts=claimed.attempts, reason=reason, dead=dead)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                if (claimed := self._next()) is not None:
                    self._work(claimed)
            except Exception:
                log.warning("worker round failed", exc_info=True)
                self._stopping.wait(self._policy.pause_after_failure)

    def _prolong(self) -> None:
        while not self._stopping.wait(self._policy.lease / 3):
            claims = list(self._in_hand)
            if claims:
                try:
                    inbox.extend(self._database, claims, lease_s=self._lease_s)
                except Exception:
                    log.warning("leases not prolonged", exc_info=True)
