"""Judges the evidence of a run's exercise by what harness.toml describes: alerts, and what showed each fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.context.own_monitoring import judge_own_monitoring
from harness.errors import nearest
from harness.model import Outcome
from harness.telemetry.monitoring.alert_checks import FIRES, judge_proofs, judge_silence
from harness.telemetry.signals.blind_spots import BLIND_SPOTS, judge_signals

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Finding
    from harness.model.config import Alerts
    from harness.telemetry.exercise.evidence import ExerciseEvidence


def judge_alerts(run_context: RunContext, exercise: ExerciseEvidence) -> Iterator[Finding]:
    """Yield the findings on every alert that the team counts on; only where ``[telemetry.alerts]`` is set."""
    assert run_context.config.telemetry is not None
    alerts = run_context.config.telemetry.alerts
    assert alerts is not None
    if alerts.prometheus is not None:
        yield from judge_own_monitoring(run_context, proved=[proof.alert.name for proof in exercise.proofs])
        if not alerts.rules:
            return  # what only an exercise with rule files can prove is reported as not run
    if not alerts.fires:
        yield FIRES.finding(
            Outcome.NOT_RUN,
            "harness.toml names no alert that you count on. Add each with its fault to [telemetry.alerts] fires, such "
            'as WebhookSignatureFailures = "forged"',
        )
    elif why := exercise.trouble or exercise.unwatched:
        yield FIRES.finding(Outcome.ERROR, why)
    else:
        yield from _judged(alerts, exercise)


def _judged(alerts: Alerts, exercise: ExerciseEvidence) -> Iterator[Finding]:
    proved = {proof.alert.name for proof in exercise.proofs}
    for alert in alerts.fires:
        if alert not in proved:
            yield FIRES.finding(
                Outcome.FAIL, _unproved(alert, exercise), summary=f"{alert}: {FIRES.failed}", case=f"{FIRES.id}-{alert}"
            )
    yield from judge_proofs(exercise.proofs, scaling=exercise.scaling)
    yield from judge_silence([episode for episode in exercise.good_episodes if episode.alert not in proved])


def _unproved(alert: str, exercise: ExerciseEvidence) -> str:
    left_out = next((text for text in exercise.left_out if f": {alert}: " in text), "")
    if left_out:
        return f"Prometheus cannot evaluate its rule: {left_out}"
    known = nearest(alert, exercise.alerts) if exercise.alerts else "The rules define none."
    return f"harness.toml: [telemetry.alerts] fires.{alert}: no rule defines this alert. {known}"


def judge_shown_faults(run_context: RunContext, exercise: ExerciseEvidence) -> Iterator[Finding]:
    """Yield the findings on what showed each fault; only where ``[telemetry]`` is set."""
    assert run_context.config.telemetry is not None
    if exercise.trouble:
        yield BLIND_SPOTS[0].finding(Outcome.ERROR, exercise.trouble, summary="What shows each fault: not checked")
    else:
        yield from judge_signals(exercise.matrix)
