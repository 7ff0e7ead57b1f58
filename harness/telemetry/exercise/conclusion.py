"""From the windows of an exercise to its evidence: what showed each fault, and what each alert did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from harness.model.signals import Signal
from harness.telemetry.exercise.driver import RESTARTS, Exercise, FaultWindow
from harness.telemetry.exercise.observer import Mark, Observer
from harness.telemetry.monitoring.alert_proof import (
    LATE_S,
    AlertProof,
    CausedFault,
    Compared,
    CountedAlert,
    prove,
)
from harness.telemetry.monitoring.alert_watch import AlertEpisode, AlertWatch
from harness.telemetry.monitoring.notifications import Notification
from harness.telemetry.signals.fault_window import good_traffic, shown


class WatchedAlerts(msgspec.Struct, frozen=True, kw_only=True):
    """What the Prometheus of an exercise and its Alertmanager saw, whole."""

    episodes: tuple[AlertEpisode, ...]
    notifications: tuple[Notification, ...]
    unhealthy: dict[str, str]
    held_back: dict[str, str]
    stalls: tuple[tuple[float, float], ...] = ()
    """When Prometheus scraped nothing although it ran, from and until, in Unix seconds."""
    until: float
    """When they were last asked, in Unix seconds."""


def signals_of(
    exercise: Exercise, observer: Observer, watched: WatchedAlerts | None
) -> dict[str, dict[Signal, tuple[str, ...]]]:
    """Return by fault that was caused what each signal showed; ``watched`` is None where no Prometheus watched."""
    assert exercise.good is not None
    counted = frozenset(alert for window in exercise.windows for alert in window.fault.alerts)
    begun = None if watched is None else _begun(watched, exercise.good, not_late=counted)
    good = good_traffic([observer.window(exercise.good, begun)])
    found = {}
    for window in exercise.windows:
        if window.mark is not None:
            others = counted.difference(window.fault.alerts)
            begun = None if watched is None else _begun(watched, window.mark, not_late=others)
            found[window.fault.name] = shown(observer.window(window.mark, begun), good, observer.redact)
    return found


def not_caused(exercise: Exercise) -> dict[str, str]:
    """Return by fault that was not caused why not."""
    return {window.fault.name: window.not_caused for window in exercise.windows if window.mark is None}


def _begun(watched: WatchedAlerts, mark: Mark, *, not_late: Collection[str]) -> tuple[str, ...]:
    """Return the alerts that became pending or firing in a window, or right after it but for those of ``not_late``."""
    assert mark.ended is not None
    late = mark.ended + LATE_S
    found = (
        episode.alert
        for episode in watched.episodes
        if mark.began <= episode.pending_at <= (mark.ended if episode.alert in not_late else late)
    )
    return tuple(dict.fromkeys(found))


def proofs_of(
    exercise: Exercise, counted: Iterable[CountedAlert], watch: AlertWatch, watched: WatchedAlerts
) -> tuple[AlertProof, ...]:
    """Return the proof of each alert that the team counts on."""
    return tuple(_proof(alert, exercise, watch, watched) for alert in counted)


def _proof(alert: CountedAlert, exercise: Exercise, watch: AlertWatch, watched: WatchedAlerts) -> AlertProof:
    window = next((w for w in exercise.windows if alert.name in w.fault.alerts), None)
    fault = _caused(window, _seen_until(window, exercise.windows, watched.until))
    if not fault.not_caused and alert.compared is not None:
        alert = msgspec.structs.replace(alert, compared=_reached(alert.compared, watch, fault))
    return prove(
        alert,
        fault,
        good=exercise.good_period,
        episodes=watched.episodes,
        notifications=watched.notifications,
        unhealthy=watched.unhealthy.get(alert.name, ""),
        held_back=watched.held_back.get(alert.name, ""),
        stalled_s=_stalled_s(watched, fault),
    )


def _stalled_s(watched: WatchedAlerts, fault: CausedFault) -> float:
    """Return the longest time without a scrape that touches a fault."""
    touching = (gap for gap in watched.stalls if gap[0] < fault.ended + LATE_S and gap[1] > fault.began)
    return max((until - since for since, until in touching), default=0.0)


def _seen_until(window: FaultWindow | None, windows: Sequence[FaultWindow], until: float) -> float:
    """Return when it is seen whether an alert resolved: before the target starts again, where that comes later."""
    marks = [w.mark for w in windows if w.fault.name == RESTARTS and w is not window]
    began = window.mark.began if window is not None and window.mark is not None else until
    return next((mark.began for mark in marks if mark is not None and mark.began > began), until)


def _caused(window: FaultWindow | None, until: float) -> CausedFault:
    if window is None or window.mark is None:
        why = "the exercise ended before" if window is None else window.not_caused
        return CausedFault(began=0, ended=0, seen_until=0, not_caused=why)
    assert window.mark.ended is not None
    rounds = "once" if window.rounds == 1 else f"in {window.rounds} rounds"
    return CausedFault(
        began=window.mark.began, ended=window.mark.ended, seen_until=until, caused=f"{window.fault.name}, {rounds},"
    )


def _reached(compared: Compared, watch: AlertWatch, fault: CausedFault) -> Compared:
    values = watch.reached(compared.left, fault.began, fault.ended + LATE_S)
    return msgspec.structs.replace(compared, reached=values)
