"""Runs an exercise: good traffic first, then one fault after the other, each as long as its alerts need."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from harness.errors import HarnessError, ProbeError
from harness.model.signals import Signal
from harness.process.cancellation import pause
from harness.telemetry.exercise.observer import Mark, Observer

ROUND_S = 0.8
"""Seconds from one round of a fault that is caused again to the next."""
POLL_S = 0.1
LINGERING = "slow"
"""The fault whose signals appear longest after it was caused."""
RESTARTS = "crash"
"""The fault that begins counters again at 0, which ends alerts that nothing else would end."""
QUIET_S, QUIET_WITHIN_S = 0.3, 3.0
"""A fault begins when nothing of the one before has shown for so long; at most so many seconds later."""
STARTED_S = 5.0
"""For alerts to resolve that fire only because nothing was scraped yet."""
COMPANION_S = 0.8
"""Seconds after a first signal in which another of the same fault is waited for."""


class Lasting(Protocol):
    """A fault that can be begun, again and again, and ended."""

    @property
    def most(self) -> int:
        """How many times at most it is caused in one round; every round has twice as many as the one before."""

    def begin(self, times: int) -> None:
        """Cause it, up to ``times`` times; raises `ProbeError`."""

    def end(self) -> None:
        """End it; raises `HarnessError`."""


class PlannedFault(NamedTuple):
    """One fault of an exercise."""

    name: str
    cause: Lasting | None
    """None where it cannot be caused."""
    not_caused: str = ""
    """Why not."""
    alerts: tuple[str, ...] = ()
    """Alerts that it is to fire."""


class Traffic(NamedTuple):
    """Traffic without a fault; both raise `ProbeError`."""

    whole: Callable[[], None]
    """All of it once: every event, and a run of the client."""
    again: Callable[[], None]
    """A little of it, so that it goes on."""


class AlertView(Protocol):
    """What an exercise asks about alerts while it runs."""

    def firing(self) -> frozenset[str]:
        """Return the names of the alerts that fire now."""

    def active(self) -> frozenset[str]:
        """Return the names of those that are pending or fire."""


class NoAlerts:
    """The alerts of an exercise that no Prometheus watches: there are none."""

    def firing(self) -> frozenset[str]:
        """Return nothing."""
        return frozenset()

    active = firing


class ExerciseTiming(NamedTuple):
    """How long an exercise waits, in seconds."""

    good_s: float
    """Good traffic lasts so long that an alert on it would fire."""
    settle_s: float
    """For the signals of a fault that fires no alert."""
    fire_s: Mapping[str, float]
    """By alert, how long its fault is caused again until it must fire."""
    resolve_s: float
    """For all alerts to resolve."""


class FaultWindow(NamedTuple):
    """When one fault was caused, and what was read around it."""

    fault: PlannedFault
    mark: Mark | None
    """None where it was not caused."""
    not_caused: str = ""
    rounds: int = 0
    """How often it was caused again, so that an alert fires."""


class Exercise:
    """One exercise of one target."""

    def __init__(
        self,
        faults: Sequence[PlannedFault],
        traffic: Traffic,
        *,
        observer: Observer,
        alerts: AlertView | None,
        timing: ExerciseTiming,
    ) -> None:
        """``alerts`` is None where no Prometheus watches."""
        self._faults = faults
        self._traffic = traffic
        self._observer = observer
        self._alerts: AlertView = alerts or NoAlerts()
        self._watched = alerts is not None
        self._timing = timing
        self.good: Mark | None = None
        self.before: str | None = None
        """The text of the metrics before the first fault, None where there is none."""
        self.windows: list[FaultWindow] = []

    def run(self) -> None:
        """Run it whole; raises `ProbeError` where good traffic does not succeed, for nothing can be shown then."""
        self.good = self._good()
        # Alerts that must resolve come first, as the other faults fill the wait; what lasts longest comes last, as it
        # would show in the windows of others.
        for fault in sorted(self._faults, key=lambda f: (f.name == LINGERING, f.name == RESTARTS, not f.alerts)):
            if fault.name == RESTARTS and fault.cause is not None:
                self._until(lambda: not self._alerts.active() & self._expected, self._timing.resolve_s)
            self.windows.append(self._caused(fault))
        self._until(lambda: not self._alerts.active() & self._expected, self._timing.resolve_s)

    @property
    def good_period(self) -> tuple[float, float]:
        """When good traffic began and ended, in Unix seconds; only once it was run."""
        assert self.good is not None
        assert self.good.ended is not None
        return self.good.began, self.good.ended

    @property
    def _expected(self) -> frozenset[str]:
        return frozenset(alert for fault in self._faults for alert in fault.alerts)

    def _good(self) -> Mark:
        # Until the first scrape every series is absent, which some alerts are about.
        self._until(lambda: not self._alerts.active(), STARTED_S)
        mark = self._observer.mark()
        until = time.monotonic() + (self._timing.good_s if self._watched else 0)
        self._traffic.whole()
        while time.monotonic() < until:
            self._traffic.again()
            pause(ROUND_S)
        self._observer.close(mark)
        self.before = self._observer.scraped()
        return mark

    def _caused(self, fault: PlannedFault) -> FaultWindow:
        if fault.cause is None:
            return FaultWindow(fault, None, fault.not_caused)
        patience_s = max((self._timing.fire_s.get(alert, 0) for alert in fault.alerts), default=0)
        self._until(lambda: not self._alerts.active().intersection(fault.alerts), self._timing.resolve_s)
        self._until(self._is_quiet, QUIET_WITHIN_S)
        mark = self._observer.mark()
        rounds, trouble = 0, ""
        try:
            rounds = self._until_fired(fault, mark, patience_s)
        except ProbeError as exc:
            trouble = str(exc)
        finally:
            trouble = _ended(fault.cause) or trouble
        if not trouble:
            self._settle(mark)
        self._observer.close(mark)
        return FaultWindow(fault, None if trouble else mark, trouble, rounds)

    def _until_fired(self, fault: PlannedFault, mark: Mark, patience_s: float) -> int:
        """Cause the fault until its alerts fire, or once where it has none; return the number of rounds."""
        assert fault.cause is not None
        rounds, times = 0, 1
        deadline = time.monotonic() + patience_s
        while True:
            fault.cause.begin(times)
            rounds += 1
            if not fault.alerts or not self._watched:
                self._settle(mark)
                return rounds
            fired = self._until(lambda: self._alerts.firing().issuperset(fault.alerts), ROUND_S)
            if fired or time.monotonic() >= deadline:
                return rounds
            self._observer.sample(mark)
            times = min(times * 2, fault.cause.most)

    def _settle(self, mark: Mark) -> None:
        """Wait until logs and metrics show the fault, or for a while after one of them did."""
        assert self.good is not None
        deadline = time.monotonic() + self._timing.settle_s
        wanted = self._observer.observed & {Signal.LOG, Signal.METRIC}
        companion: float | None = None
        while time.monotonic() < (companion or deadline):
            shown = self._observer.shown(mark, self.good)
            if wanted <= shown:
                return
            if shown and companion is None:
                companion = min(deadline, time.monotonic() + COMPANION_S)
            pause(POLL_S)

    def _is_quiet(self) -> bool:
        assert self.good is not None
        mark = self._observer.mark()
        pause(QUIET_S)
        return not self._observer.shown(mark, self.good)

    def _until(self, holds: Callable[[], bool], within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while not (held := holds()) and time.monotonic() < deadline:
            pause(POLL_S)
        return held


def _ended(cause: Lasting) -> str:
    """End a fault; return why it does not end, which later faults would suffer from."""
    try:
        cause.end()
    except HarnessError as exc:
        return f"it could not be ended: {exc}"
    return ""
