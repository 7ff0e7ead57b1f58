"""In which order faults are caused, how often, and what becomes of one that cannot be caused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from harness.errors import ProbeError, ProcessError
from harness.telemetry.exercise import driver
from harness.telemetry.exercise.driver import Exercise, ExerciseTiming, PlannedFault, Traffic
from harness.telemetry.exercise.observer import Observer


class Lasting:
    """A fault that notes what is done with it."""

    def __init__(self, notes: list[str], name: str, *, most: int = 8, begins: str = "", ends: str = "") -> None:
        self.most = most
        self._notes = notes
        self._name = name
        self._begins = begins
        self._ends = ends

    def begin(self, times: int) -> None:
        """Note it; fail where that is wanted."""
        self._notes.append(f"{self._name} {times}")
        if self._begins:
            raise ProbeError(self._begins)

    def end(self) -> None:
        """Note it; fail where that is wanted."""
        self._notes.append(f"{self._name} ends")
        if self._ends:
            raise ProcessError(self._ends)


class ScriptedAlerts:
    """Alerts whose states are functions of how often they were asked for."""

    def __init__(self, fires_at: int, *, active_for: int = 0) -> None:
        self._fires_at = fires_at
        self.active_for = active_for
        self.asked = 0

    def firing(self) -> frozenset[str]:
        """Fire from some question on."""
        self.asked += 1
        return frozenset({"Alert"} if self.asked >= self._fires_at else ())

    def active(self) -> frozenset[str]:
        """Be active for some questions."""
        self.active_for -= 1
        return frozenset({"Alert"} if self.active_for >= 0 else ())


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing but what the tests script."""
    for name in ("ROUND_S", "POLL_S", "QUIET_S", "COMPANION_S"):
        monkeypatch.setattr(driver, name, 0.0)


@pytest.fixture
def notes() -> list[str]:
    """What was done, in order."""
    return []


@pytest.fixture
def run(notes: list[str]) -> Callable[..., Exercise]:
    """Run an exercise of these faults on a target that shows nothing at all."""

    def run(
        faults: Sequence[PlannedFault], alerts: ScriptedAlerts | None = None, *, fire_s: float = 5.0, good_s: float = 0
    ) -> Exercise:
        traffic = Traffic(lambda: notes.append("good"), lambda: notes.append("more"))
        timing = ExerciseTiming(good_s=good_s, settle_s=0, fire_s={"Alert": fire_s}, resolve_s=0.2)
        observer = Observer(logs=None, scrape=None, spans=None, redact=str)
        exercise = Exercise(faults, traffic, observer=observer, alerts=alerts, timing=timing)
        exercise.run()
        return exercise

    return run


def test_good_traffic_comes_first_and_slow_processing_last(run: Callable[..., Exercise], notes: list[str]) -> None:
    """Faults of alerts precede the others, so that these fill the wait until all resolve."""
    names = ("slow", "stale", "forged")
    faults = [PlannedFault(n, Lasting(notes, n), alerts=("Alert",) if n == "forged" else ()) for n in names]
    exercise = run(faults, ScriptedAlerts(1))
    assert notes == ["good", "forged 1", "forged ends", "stale 1", "stale ends", "slow 1", "slow ends"]
    assert [window.fault.name for window in exercise.windows] == ["forged", "stale", "slow"]


def test_the_target_is_restarted_when_the_alerts_before_have_resolved(
    run: Callable[..., Exercise], notes: list[str]
) -> None:
    """A restart would end what nothing else ends; slow processing still comes last."""
    alerts = ScriptedAlerts(1, active_for=0)
    ends: list[int] = []

    class Crash(Lasting):
        def begin(self, times: int) -> None:
            ends.append(alerts.active_for)
            super().begin(times)

    class Poison(Lasting):
        def end(self) -> None:
            super().end()
            alerts.active_for = 3

    faults = [
        PlannedFault("slow", Lasting(notes, "slow")),
        PlannedFault("crash", Crash(notes, "crash"), alerts=("Alert",)),
        PlannedFault("stale", Lasting(notes, "stale")),
        PlannedFault("poison", Poison(notes, "poison"), alerts=("Alert",)),
    ]
    assert [window.fault.name for window in run(faults, alerts).windows] == ["poison", "stale", "crash", "slow"]
    assert [end < 0 for end in ends] == [True]


def test_a_fault_is_repeated_in_growing_numbers_until_its_alert_fires(
    run: Callable[..., Exercise], notes: list[str]
) -> None:
    """Each round has twice as many as the one before, up to the most of this fault; and it ends once."""
    exercise = run([PlannedFault("forged", Lasting(notes, "forged", most=4), alerts=("Alert",))], ScriptedAlerts(5))
    assert notes[1:] == ["forged 1", "forged 2", "forged 4", "forged 4", "forged 4", "forged ends"]
    assert exercise.windows[0].rounds == 5


def test_a_fault_is_given_up_when_its_alert_does_not_fire_in_time(
    run: Callable[..., Exercise], notes: list[str]
) -> None:
    """It was caused all the same, and what the alert did is for its proof to judge."""
    exercise = run([PlannedFault("forged", Lasting(notes, "f"), alerts=("Alert",))], ScriptedAlerts(99**9), fire_s=0)
    assert notes[1:] == ["f 1", "f ends"]
    assert exercise.windows[0].mark is not None


def test_without_a_prometheus_each_fault_is_caused_once(run: Callable[..., Exercise], notes: list[str]) -> None:
    """Nobody can say whether the alert fires."""
    run([PlannedFault("forged", Lasting(notes, "forged"), alerts=("Alert",))])
    assert notes == ["good", "forged 1", "forged ends"]


def test_a_fault_begins_when_its_alert_is_inactive(run: Callable[..., Exercise]) -> None:
    """Otherwise nothing would show that the fault fires it."""
    alerts = ScriptedAlerts(1)
    seen: list[int] = []

    class Firing(Lasting):
        def end(self) -> None:
            alerts.active_for = 3

    class Watching(Lasting):
        def begin(self, times: int) -> None:
            seen.append(alerts.active_for)
            super().begin(times)

    faults = [PlannedFault(f"{cause.__name__}", cause([], ""), alerts=("Alert",)) for cause in (Firing, Watching)]
    run(faults, alerts)
    assert seen == [-1]


def test_good_traffic_begins_when_alerts_of_the_start_have_resolved(run: Callable[..., Exercise]) -> None:
    """Until the first scrape every series is absent; no alert on that is one on good traffic."""
    alerts = ScriptedAlerts(1, active_for=3)
    exercise = run([], alerts)
    assert exercise.good is not None
    assert alerts.active_for < 0


def test_the_metrics_before_the_faults_are_those_after_good_traffic(notes: list[str]) -> None:
    """A counter that good traffic begins, such as one of all requests, was there before the first failure."""
    observer = Observer(logs=None, scrape=lambda: f"n {len(notes)}", spans=None, redact=str)
    traffic = Traffic(lambda: notes.append("good"), lambda: None)
    timing = ExerciseTiming(good_s=0, settle_s=0, fire_s={}, resolve_s=0)
    faults = [PlannedFault("forged", Lasting(notes, "forged"))]
    exercise = Exercise(faults, traffic, observer=observer, alerts=None, timing=timing)
    exercise.run()
    assert exercise.before == "n 1"
    assert notes == ["good", "forged 1", "forged ends"]


def test_a_fault_that_cannot_be_caused_says_why_and_the_others_go_on(
    run: Callable[..., Exercise], notes: list[str]
) -> None:
    """Its reason is kept, whether harness.toml lacks something, the cause fails, or it does not end."""
    faults = [
        PlannedFault("poison", None, "harness.toml does not set [receiver] unprocessable"),
        PlannedFault("forged", Lasting(notes, "forged", begins="the receiver answered HTTP 200")),
        PlannedFault("5xx", Lasting(notes, "5xx", ends="it did not start again")),
        PlannedFault("stale", Lasting(notes, "stale")),
    ]
    windows = {window.fault.name: window for window in run(faults).windows}
    assert windows["poison"].not_caused == "harness.toml does not set [receiver] unprocessable"
    assert windows["forged"].not_caused == "the receiver answered HTTP 200"
    assert windows["5xx"].not_caused == "it could not be ended: it did not start again"
    assert windows["stale"].not_caused == ""
    assert [name for name, window in windows.items() if window.mark is not None] == ["stale"]
    assert notes[-2:] == ["stale 1", "stale ends"]


def test_good_traffic_goes_on_as_long_as_an_alert_could_take(run: Callable[..., Exercise], notes: list[str]) -> None:
    """An alert on good traffic must have the time to fire."""
    run([], ScriptedAlerts(1), good_s=0.05)
    assert notes[0] == "good"
    assert "more" in notes
