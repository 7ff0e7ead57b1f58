"""Work that runs beside the tests of a serial run, because most of it only waits.

Each *lane* does its work in sequence, in a thread of its own, or several pieces at once where these cannot disturb each
other; lanes run at once. A test asks for the result of a piece of work by its key. Where none was begun under that key,
such as on a worker of pytest-xdist, the work is done when it is asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar

from harness.process.cancellation import Cancellation

T = TypeVar("T")

CLIENT = "client"
"""Lane of the client's runs that share something."""
CLIENT_CASES = "client-cases"
"""Lane of the client's runs that do not disturb each other: each of them has its own folder."""
CLIENT_LANES = (CLIENT, CLIENT_CASES)
CRASHES = "crashes"
"""Lane of what harms the target, on a copy of it."""
SETTINGS = "settings"
"""Lane of what starts the target in another environment, or measures it, on another copy."""

STOP_WITHIN_S = 10.0
"""Seconds to wait for each lane after its work was cancelled; its thread cannot hold up the end of the process."""


class Lane:
    """Pieces of work that are done one after another, because they would disturb each other, or so many at once."""

    def __init__(self, name: str, cancellation: Cancellation) -> None:
        """``name`` is that of its threads; ``cancellation`` ends its work early."""
        self.at_once = 1
        """How many pieces of work it does at once."""
        self._name = f"lane-{name}"
        self._cancellation = cancellation
        self._changed = threading.Condition()
        self._begun: dict[Hashable, Future[Any]] = {}
        self._waiting: dict[Hashable, Callable[[], Any]] = {}
        self._pauses = 0
        self._busy = 0
        self._threads: set[threading.Thread] = set()

    @property
    def waiting(self) -> int:
        """How many pieces of work have not begun."""
        return len(self._waiting)

    def begin(self, key: Hashable, work: Callable[[], object]) -> None:
        """Do ``work`` as soon as all that was begun before is done, and keep its result or its error under ``key``."""
        with self._changed:
            self._begun[key] = Future()
            self._waiting[key] = work
            if len(self._threads) < self.at_once:
                run = partial(self._cancellation.run, self._run)
                thread = threading.Thread(target=run, name=self._name, daemon=True)
                self._threads.add(thread)
                thread.start()

    def result(self, key: Hashable, work: Callable[[], T]) -> T:
        """Return the result of what was begun under ``key``, or raise its error; each can be taken once.

        Where it was not begun, or waits for its turn, ``work`` is done now, with the lane paused unless it does
        several pieces at once.
        """
        with self._changed:
            begun = self._begun.pop(key, None)
            waiting = self._waiting.pop(key, None)
        if begun is None or waiting is not None:
            with self.paused() if self.at_once == 1 else nullcontext():
                return work()
        result: T = begun.result()
        return result

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Wait for the end of the work at hand, and let no other begin during the block."""
        with self._changed:
            self._pauses += 1
        try:
            with self._changed:
                self._changed.wait_for(lambda: not self._busy)
            yield
        finally:
            with self._changed:
                self._pauses -= 1
                self._changed.notify_all()

    def stop(self) -> None:
        """Forget what waits, cancel what is being done, and wait for the thread to end."""
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()
            busy, threads = self._busy, tuple(self._threads)
        if busy:
            self._cancellation.cancel()
        for thread in threads:
            thread.join(STOP_WITHIN_S)

    def _run(self) -> None:
        while (piece := self._next()) is not None:
            done, work = piece
            try:
                done.set_result(work())
            except BaseException as exc:  # noqa: BLE001 - the test that asks for the result gets it
                done.set_exception(exc)
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        """Wait for the lane's turn; return None, where the thread ends, when nothing waits any more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._pauses or not self._waiting)
            if not self._waiting:
                self._threads.discard(threading.current_thread())
                return None
            key = next(iter(self._waiting))
            self._busy += 1
            return self._begun[key], self._waiting.pop(key)


class Background:
    """The lanes of one process of a run, and what their work shares."""

    def __init__(self) -> None:
        self._cancellation = Cancellation()
        self._lanes: dict[str, Lane] = {}
        self._opening = threading.Lock()
        self._shared: dict[Hashable, Future[Any]] = {}
        self._opened = ExitStack()

    def lane(self, name: str) -> Lane:
        """Return the lane of that name."""
        return self._lanes.setdefault(name, Lane(name, self._cancellation))

    @contextmanager
    def paused(self, *names: str) -> Iterator[None]:
        """Pause the lanes of these names for the block, all of them where none is named; see `Lane.paused`.

        A lane with more work goes on while others do their last.
        """
        lanes = [self.lane(name) for name in names or tuple(self._lanes)]
        with ExitStack() as stack:
            for lane in sorted(lanes, key=lambda lane: lane.waiting):
                stack.enter_context(lane.paused())
            yield

    def shared(self, key: Hashable, opened: Callable[[], AbstractContextManager[T]]) -> T:
        """Return what ``opened`` gives: opened when it is first asked for, by whichever thread, and closed by `close`.

        Where that fails, everyone who asks gets the one error.
        """
        with self._opening:
            if key not in self._shared:
                self._shared[key] = Future()
                try:
                    self._shared[key].set_result(self._opened.enter_context(opened()))
                except BaseException as exc:  # noqa: BLE001 - raised below
                    self._shared[key].set_exception(exc)
        found: T = self._shared[key].result()
        return found

    def close(self) -> None:
        """Cancel what is not done, and close what is shared; leaves no thread and no process behind."""
        for lane in self._lanes.values():
            lane.stop()
        self._opened.close()
