"""Deliveries that arrive at once share one commit, and each is on disk before it is acknowledged.

In a burst the commit is the bottleneck. Deliveries that arrive during one commit are stored together by the next.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future

from harness.sandbox.integration import inbox
from harness.sandbox.integration.inbox import InboxEvent
from harness.sandbox.integration.storage import Database

MOST = 200
"""Events in one commit."""

_Waiting = tuple[InboxEvent, "Future[bool]"]


class Intake:
    """One thread that stores events for all others."""

    def __init__(self, database: Database) -> None:
        """Start the thread."""
        self._database = database
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="intake", daemon=True)
        self._thread.start()

    def submit(self, event: InboxEvent) -> Future[bool]:
        """Store an event; the result comes when it is committed, and is False when its id was there already."""
        result: Future[bool] = Future()
        self._queue.put((event, result))
        return result

    def add(self, event: InboxEvent) -> bool:
        """Store an event and wait for it."""
        return self.submit(event).result()

    def close(self) -> None:
        """Store what has been submitted, and end."""
        self._queue.put(None)
        self._thread.join(timeout=10)

    def _loop(self) -> None:
        while (first := self._queue.get()) is not None:
            together = [first]
            while len(together) < MOST and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    self._queue.put(None)
                    break
                together.append(following)
            # A cancelled request was not acknowledged, so its event need not be stored: the sender repeats it.
            self._store([each for each in together if each[1].set_running_or_notify_cancel()])

    def _store(self, together: list[_Waiting]) -> None:
        if not together:
            return
        try:
            with self._database.writing() as connection:
                added = inbox.add(connection, self._database, [event for event, _ in together])
        except Exception as exc:  # noqa: BLE001 - handed to whom it concerns
            if len(together) == 1:
                together[0][1].set_exception(exc)
                return
            for each in together:  # so that one event that cannot be stored does not stop the others
                self._store([each])
            return
        for (_, result), new in zip(together, added, strict=True):
            result.set_result(new)
