"""A process that dies is started again: what is known of it meanwhile, and when it is left alone."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import ProcessError
from harness.process import supervisor
from harness.process.supervisor import ProcessState, ProcessStatus, Supervisor
from tests.waiting import wait_for


class Mayfly:
    """A process that dies when it is told to."""

    name = "app"

    def __init__(self, fails: str = "") -> None:
        self.dead = False
        self.starts = 0
        self.away_s = 0.0
        self._died_at = 0.0
        self._fails = fails

    def die(self) -> None:
        """End by itself."""
        self._died_at = time.monotonic()
        self.dead = True

    def death(self) -> str | None:
        """Return how it ended."""
        return f"[process.app] exited with status {self.starts}." if self.dead else None

    def kill(self) -> None:
        """Forget it."""
        self.dead = False

    def start(self) -> None:
        """Start it."""
        self.starts += 1
        self.away_s = time.monotonic() - self._died_at
        if self._fails:
            raise ProcessError(self._fails)


class Ask:
    """Asks a process whether it is ready, and keeps whom it asked."""

    def __init__(self, *, answers: bool) -> None:
        self.urls: list[str] = []
        self._answers = answers

    def __call__(self, url: str) -> bool:
        self.urls.append(url)
        return self._answers


PATIENCE_S = 30
"""Longer than anything here takes on a loaded machine."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "POLL_S", 0.005)
    monkeypatch.setattr(supervisor, "AWAY_S", 0.05)
    monkeypatch.setattr(supervisor, "NOTICED_WITHIN_S", 0.1)


@pytest.fixture
def state(tmp_path: Path) -> Callable[..., ProcessState]:
    def build(answers: Callable[[str], bool] = lambda _url: True) -> ProcessState:
        return ProcessState(tmp_path, ready={"app": "http://app"}, answers=answers, patience_s=PATIENCE_S)

    return build


def test_what_dies_is_started_again_and_told(state: Callable[..., ProcessState]) -> None:
    """Each death counts, the first one is shown, and whoever waits goes on when the process is back."""
    app, known = Mayfly(), state()
    with Supervisor([app], known) as running:
        for number in (1, 2):
            app.die()
            wait_for(lambda number=number: known.deaths == number)  # type: ignore[misc]  # bound as it is now
            assert known.settled() == number
            assert app.starts == number
            assert app.away_s >= 0.05, "it stays away for a while, so that the check sees it gone"

    (told,) = running.reports()
    assert told.startswith("[process.app] ended by itself 2 times; it was restarted each time. The first time: ")
    assert told.endswith("[process.app] exited with status 0.")


def test_nothing_is_told_of_what_lives(state: Callable[..., ProcessState]) -> None:
    """A run without a death says nothing and waits for nothing."""
    with Supervisor([Mayfly()], state()) as running:
        assert state().settled() == 0

    assert running.reports() == []


def test_what_dies_too_often_is_left_alone(state: Callable[..., ProcessState], monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of restarts is bounded, and nobody waits for what will not come back."""
    monkeypatch.setattr(supervisor, "MAX_RESTARTS", 1)
    ask = Ask(answers=False)
    app, known = Mayfly(), state(ask)
    with Supervisor([app], known) as running:
        for number in (1, 2):
            app.die()
            wait_for(lambda number=number: known.deaths == number)  # type: ignore[misc]  # bound as it is now
            known.settled()
        assert known.revived() == 2

    assert ask.urls == []
    assert app.starts == 1
    assert "ended by itself 2 times; then it was not restarted, and later checks" in running.reports()[0]


def test_what_cannot_be_started_again_is_told(state: Callable[..., ProcessState]) -> None:
    """The reason of the failed start follows the death."""
    app, known = Mayfly(fails="the port is taken"), state()
    with Supervisor([app], known) as running:
        app.die()
        wait_for(lambda: known.deaths == 1)
        known.settled()

    assert "ended by itself once; it could not be restarted: the port is taken." in running.reports()[0]


def test_after_trouble_a_death_is_waited_for(
    state: Callable[..., ProcessState], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that does not answer may be dying: whoever saw trouble waits until that is known."""
    monkeypatch.setattr(supervisor, "NOTICED_WITHIN_S", 5)
    known = state(lambda _url: False)
    noted = threading.Timer(0.03, lambda: known.note("app", ProcessStatus(1, "away")))
    back = threading.Timer(0.06, lambda: known.note("app", ProcessStatus(1, "running")))
    noted.start()
    back.start()

    assert known.revived() == 1
    noted.join()
    back.join()


def test_trouble_without_a_death_is_soon_over(state: Callable[..., ProcessState]) -> None:
    """A process that answers has not died, and one that only hangs is not waited for."""
    ask = Ask(answers=True)
    assert state(ask).revived() == 0
    assert ask.urls == ["http://app"]

    begun = time.monotonic()
    assert state(lambda _url: False).revived() == 0
    assert time.monotonic() - begun < PATIENCE_S, "as long as a death takes to be noticed, and not as long as a restart"


def test_a_process_that_does_not_come_back_is_waited_for_in_vain(tmp_path: Path) -> None:
    """The wait is bounded, whatever the controller does."""
    known = ProcessState(tmp_path, ready={}, answers=lambda _url: True, patience_s=0.05)
    known.note("app", ProcessStatus(1, "away"))

    assert known.settled() == 1


def test_what_cannot_be_stored_is_reported(state: Callable[..., ProcessState], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full, the process is started again all the same, and the report names the reason."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ProcessState, "note", full)
    process = Mayfly()
    with Supervisor([process], state()) as supervised:
        process.die()
        wait_for(lambda: process.starts)

    [report] = supervised.reports()
    assert "other processes of the run could not learn of it: No space left on device. The first time:" in report
