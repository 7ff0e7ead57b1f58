"""Blind spots: a fault that nothing showed, and a declared signal that showed nothing."""

from __future__ import annotations

from harness.model import Finding, Level, Outcome
from harness.model.signals import FAULTS, Signal, SignalMatrix
from harness.telemetry.signals.blind_spots import BLIND_SPOTS, CHECKS, judge_signals, matrix_of

NOTHING: dict[Signal, tuple[str, ...]] = dict.fromkeys(Signal, ())


def matrix(shown: dict[str, dict[Signal, tuple[str, ...]]], **shown_by: tuple[Signal, ...]) -> SignalMatrix:
    """Return a matrix of these faults, without alerts."""
    return matrix_of(
        shown,
        not_caused={"slow": "harness.toml does not set [receiver] slow"},
        unobserved={Signal.ALERT: "harness.toml does not set [telemetry.alerts]"},
        shown_by=shown_by,
    )


def judged(shown: dict[str, dict[Signal, tuple[str, ...]]], **shown_by: tuple[Signal, ...]) -> list[Finding]:
    """Judge such a matrix."""
    return judge_signals(matrix(shown, **shown_by))


def test_a_row_exists_for_every_fault() -> None:
    """All are recommendations with a fix, and their ids name the faults."""
    assert [spot.id for spot in BLIND_SPOTS] == [f"blind-spot-{fault}" for fault in FAULTS]
    assert {check.level for check in CHECKS} == {Level.SHOULD}


def test_a_fault_that_nothing_showed_is_a_blind_spot() -> None:
    """The sentence names what was observed; a fault that one signal showed is none."""
    found = judged({"forged": NOTHING, "stale": NOTHING | {Signal.LOG: ("app: refused",)}})
    assert [(f.check, f.outcome, f.item) for f in found] == [
        ("blind-spot-forged", Outcome.FAIL, "observability.metrics"),
        ("blind-spot-stale", Outcome.PASS, "observability.metrics"),
    ]
    assert found[0].summary == "No log line, metric, span or alert showed a forged delivery"
    assert found[1].observed == "log line: app: refused"


def test_a_signal_that_was_not_observed_is_not_blamed() -> None:
    """It is named with its reason; without logs or metrics nothing is known."""
    without_alerts: dict[Signal, tuple[str, ...]] = {
        signal: texts for signal, texts in NOTHING.items() if signal is not Signal.ALERT
    }
    blind, unknown = judged({"forged": without_alerts, "stale": {Signal.LOG: ()}})
    assert (blind.outcome, unknown.outcome) == (Outcome.FAIL, Outcome.NOT_RUN)
    assert blind.summary == "No log line, metric or span showed a forged delivery"
    assert blind.observed == (
        "nothing that good traffic does not have; not observed: alerts (harness.toml does not set [telemetry.alerts])"
    )
    assert unknown.observed.startswith("nothing showed it, but not observed: metrics, spans, alerts (harness.toml")


def test_a_declared_signal_that_is_empty_is_a_finding_of_its_item() -> None:
    """Logs and metrics, spans and alerts each have an item."""
    shown = NOTHING | {Signal.METRIC: ("n_total +1",)}
    found = judged({"forged": shown}, forged=tuple(Signal))[1:]
    assert [(f.case, f.item, f.outcome) for f in found] == [
        ("shown-by-log-forged", "observability.metrics", Outcome.FAIL),
        ("shown-by-metric-forged", "observability.metrics", Outcome.PASS),
        ("shown-by-span-forged", "observability.traces", Outcome.FAIL),
        ("shown-by-alert-forged", "observability.alerts", Outcome.FAIL),
    ]
    assert found[0].summary == "No log line showed a forged delivery, although [telemetry] shown_by declares it"
    assert found[0].observed == "shown by metric"
    assert found[1].summary == "Showed a forged delivery by a metric, as declared"


def test_what_was_declared_and_not_observed_is_not_run() -> None:
    """With the reason: the fault was not caused, or the signal not observed."""
    found = judged({"forged": {Signal.LOG: ("x",)}}, forged=(Signal.ALERT,), slow=(Signal.LOG,), crash=(Signal.LOG,))[
        1:
    ]
    assert {f.outcome for f in found} == {Outcome.NOT_RUN}
    assert [f.observed for f in found] == [
        "slow was not caused: harness.toml does not set [receiver] slow",
        "crash was not caused: it was not part of this run",
        "not observed: alerts (harness.toml does not set [telemetry.alerts])",
    ]
