"""Work in another thread can be ended early: its processes are killed, and its waits end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness.process import cancellation
from harness.process.cancellation import Cancellation, CancelledWork
from harness.process.managed import start_group
from tests.waiting import wait_for

LONG_S = 600.0
SLEEPER = (sys.executable, "-c", f"import time; print('up', flush=True); time.sleep({LONG_S})")


class Worker:
    """A thread that does cancellable work."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.cancellation = Cancellation()
        self.was_cancelled = False
        self._work = work
        self.thread = threading.Thread(target=self.cancellation.run, args=(self._run,), daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except CancelledWork:
            self.was_cancelled = True

    def cancel(self) -> None:
        """Cancel it from here, and wait until it has ended."""
        self.cancellation.cancel()
        self.thread.join()


def test_a_pause_ends_with_the_work() -> None:
    """Cancelled work does not sleep to the end of its pause, nor begin another."""
    begun = threading.Event()

    def work() -> None:
        begun.set()
        cancellation.pause(LONG_S)

    worker = Worker(work)
    begun.wait()

    worker.cancel()

    assert worker.was_cancelled


def test_a_pause_elsewhere_is_a_sleep() -> None:
    """Where nothing can be cancelled, the pause takes its time and raises nothing."""
    cancellation.pause(0.001)


def test_processes_end_with_the_work(tmp_path: Path) -> None:
    """What the work started is killed with its whole group, and the wait for it is over."""
    output = tmp_path / "output"
    ids: list[int] = []

    def work() -> None:
        with output.open("wb") as stream:
            process = start_group(SLEEPER, cwd=tmp_path, env={}, output=stream)
        ids.append(process.pid)
        process.wait()

    worker = Worker(work)
    wait_for(lambda: output.is_file() and b"up" in output.read_bytes())

    worker.cancel()

    assert not psutil.pid_exists(ids[0])


def test_cancelled_work_starts_no_other_process(tmp_path: Path) -> None:
    """A process that is started too late is killed, and the work ends there."""
    begun, cancelled = threading.Event(), threading.Event()
    before = psutil.Process().children()

    def work() -> None:
        begun.set()
        cancelled.wait()
        with (tmp_path / "output").open("wb") as stream:
            start_group(SLEEPER, cwd=tmp_path, env={}, output=stream)

    worker = Worker(work)
    begun.wait()
    worker.cancellation.cancel()

    cancelled.set()
    worker.thread.join()

    assert worker.was_cancelled
    assert set(psutil.Process().children()) <= set(before)


def test_an_error_of_the_work_is_its_own() -> None:
    """Only work that was cancelled ends with `CancelledWork`; it passes through what handles errors."""
    with pytest.raises(ValueError, match="its own"):
        Cancellation().run(_failing)
    assert not issubclass(CancelledWork, Exception)


def _failing() -> None:
    raise ValueError("its own")
