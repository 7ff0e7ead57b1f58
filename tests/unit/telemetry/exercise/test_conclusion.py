"""What each alert did, read from the windows of an exercise."""

from __future__ import annotations

import pytest

from harness.model import Outcome
from harness.telemetry.exercise.conclusion import WatchedAlerts, proofs_of
from harness.telemetry.exercise.driver import Exercise, ExerciseTiming, FaultWindow, PlannedFault, Traffic
from harness.telemetry.exercise.observer import Mark, Observer
from harness.telemetry.monitoring.alert_checks import judge_proofs
from harness.telemetry.monitoring.alert_proof import CountedAlert
from harness.telemetry.monitoring.alert_watch import AlertEpisode, AlertWatch


def mark(began: float, ended: float) -> Mark:
    """Return a closed window."""
    made = Mark({})
    made.began, made.ended = began, ended
    return made


def exercise(*windows: tuple[str, float, float]) -> Exercise:
    """Return an exercise that had these windows, the first one with the alert A."""
    timing = ExerciseTiming(good_s=0, settle_s=0, fire_s={}, resolve_s=0)
    observer = Observer(logs=None, scrape=None, spans=None, redact=str)
    made = Exercise([], Traffic(lambda: None, lambda: None), observer=observer, alerts=None, timing=timing)
    made.good = mark(0, 10)
    for name, began, ended in windows:
        alerts = () if made.windows else ("A",)
        made.windows.append(FaultWindow(PlannedFault(name, None, alerts=alerts), mark(began, ended), rounds=1))
    return made


@pytest.mark.parametrize(
    "windows, resolved_at, outcome",
    [
        ([("poison", 20, 30), ("crash", 60, 65)], 40, Outcome.PASS),
        ([("poison", 20, 30), ("crash", 60, 65)], 61, Outcome.FAIL),
        ([("poison", 20, 30), ("stale", 60, 65)], 61, Outcome.PASS),
        ([("crash", 20, 30), ("slow", 60, 65)], 61, Outcome.PASS),
    ],
    ids=["before", "by-the-crash", "no-crash", "of-the-crash"],
)
def test_an_alert_that_only_a_restart_ends_has_not_resolved(
    windows: list[tuple[str, float, float]], resolved_at: float, outcome: Outcome
) -> None:
    """Such as one on a counter, `dead_letters_total > 0`: it begins again at 0 when the process does."""
    episode = AlertEpisode(alert="A", labels={}, pending_at=21, firing_at=21, resolved_at=resolved_at)
    watched = WatchedAlerts(episodes=(episode,), notifications=(), unhealthy={}, held_back={}, until=80)
    watch = AlertWatch.__new__(AlertWatch)  # asks nothing: the alert compares with no number

    proofs = proofs_of(exercise(*windows), [CountedAlert(name="A", fault=windows[0][0])], watch, watched)

    [found] = [finding for finding in judge_proofs(proofs) if finding.check == "resolves"]
    assert found.outcome is outcome
    if outcome is Outcome.FAIL:
        assert found.observed.startswith("it still fired 30 s after poison, once, had ended")


@pytest.mark.parametrize("stall, outcome", [((24, 29), Outcome.ERROR), ((40, 50), Outcome.FAIL)])
def test_only_a_stall_that_touches_the_fault_excuses_its_alert(stall: tuple[float, float], outcome: Outcome) -> None:
    """Later ones hide nothing of it."""
    watched = WatchedAlerts(episodes=(), notifications=(), unhealthy={}, held_back={}, stalls=(stall,), until=80)
    watch = AlertWatch.__new__(AlertWatch)

    proofs = proofs_of(exercise(("forged", 20, 30)), [CountedAlert(name="A", fault="forged")], watch, watched)

    [found] = [finding for finding in judge_proofs(proofs) if finding.check == "fires-for-its-fault"]
    assert found.outcome is outcome
