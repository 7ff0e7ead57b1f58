"""An early end of work in another thread: its processes are killed, and its waits end."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from harness.process.groups import signal_group


class CancelledWork(BaseException):
    """The work of this thread is no longer wanted; no handler of errors stops it on its way."""


class Cancellation:
    """What ends all work of the threads that run under it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._groups: list[subprocess.Popen[bytes]] = []

    def run(self, work: Callable[[], None]) -> None:
        """Do ``work`` in this thread, so that it can be cancelled from another one."""
        token = _current.set(self)
        try:
            work()
        finally:
            _current.reset(token)

    @property
    def cancelled(self) -> bool:
        """Whether the work is to end."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """End the work: kill the process groups that it started, and let it start no other."""
        with self._lock:
            self._cancelled.set()
            for leader in self._groups:
                _kill(leader)

    def adopt(self, leader: subprocess.Popen[bytes]) -> None:
        """Take charge of a process group; raises `CancelledWork` and kills it where the work is to end."""
        with self._lock:
            self._groups = [group for group in self._groups if group.poll() is None]
            if not self.cancelled:
                self._groups.append(leader)
                return
        _kill(leader)
        leader.wait()
        raise CancelledWork

    def pause(self, seconds: float) -> None:
        """Wait for ``seconds``; raises `CancelledWork` as soon as the work is to end."""
        if self._cancelled.wait(seconds):
            raise CancelledWork


_current: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)


def pause(seconds: float) -> None:
    """Sleep for ``seconds``; raises `CancelledWork` as soon as this thread's work is to end."""
    current = _current.get()
    if current is None:
        time.sleep(seconds)
    else:
        current.pause(seconds)


def adopt(leader: subprocess.Popen[Any]) -> None:
    """Let a process group end with the work of this thread; raises `CancelledWork` where that has ended already."""
    current = _current.get()
    if current is not None:
        current.adopt(leader)


def _kill(leader: subprocess.Popen[bytes]) -> None:
    if leader.poll() is None:  # else its id may belong to another group by now
        signal_group(leader.pid, signal.SIGKILL)
