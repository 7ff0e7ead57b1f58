"""Judges the evidence of a run's exercise by what harness.toml describes: alerts, and what showed each fault."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.context.exercise_plan import dashboards_of, rule_files_of
from harness.context.named_files import judge_globs
from harness.context.own_monitoring import judge_own_monitoring
from harness.errors import nearest
from harness.model import Outcome
from harness.model.config import Alerts
from harness.operations.runbook_page import read_document
from harness.telemetry.dashboards.dashboard_checks import READABLE
from harness.telemetry.dashboards.judging import judge_dashboards
from harness.telemetry.monitoring.alert_checks import FIRES, judge_proofs, judge_silence
from harness.telemetry.rules.rule_checks import PARSES
from harness.telemetry.rules.rule_judgement import RuleSurroundings, judge_rules
from harness.telemetry.signals.blind_spots import BLIND_SPOTS, judge_signals

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Finding
    from harness.telemetry.exercise.evidence import ExerciseEvidence


def judge_alerts(run_context: RunContext, exercise: ExerciseEvidence) -> Iterator[Finding]:
    """Yield the findings on rules and on every alert that the team counts on, by its files or its own servers."""
    alerts = _alerts_of(run_context)
    if alerts.prometheus:
        proved = [proof.alert.name for proof in exercise.proofs]
        yield from judge_own_monitoring(run_context, proved=proved)
    if alerts.rules or not alerts.prometheus:
        yield from _rule_files(run_context, alerts, exercise)
        yield from _fired(alerts, exercise)


def _fired(alerts: Alerts, exercise: ExerciseEvidence) -> Iterator[Finding]:
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


def _rule_files(run_context: RunContext, alerts: Alerts, exercise: ExerciseEvidence) -> Iterator[Finding]:
    target = run_context.target
    yield from judge_globs(target, PARSES, "[telemetry.alerts] rules", alerts.rules)
    around = RuleSurroundings(
        exposed=exercise.exposed,
        labels=alerts.labels,
        counted=alerts.fires,
        scrape_interval_s=alerts.scrape_interval,
        root=target.root,
        anchors=functools.cache(lambda path: read_document(path).anchors),  # many alerts name one runbook
    )
    files = rule_files_of(target)
    if files or not alerts.rules:
        yield from judge_rules(files, around)


def judge_panels(run_context: RunContext, exercise: ExerciseEvidence) -> list[Finding]:
    """Return the findings on the dashboards; only where ``[telemetry] dashboards`` is set."""
    target, alerts = run_context.target, _alerts_of(run_context)
    assert run_context.config.telemetry is not None
    globs = run_context.config.telemetry.dashboards
    dashboards = dashboards_of(target)
    unmatched = list(judge_globs(target, READABLE, "[telemetry] dashboards", globs))
    if not dashboards:
        return unmatched
    return unmatched + judge_dashboards(
        dashboards,
        exercise.exposed,
        exercise.answers,
        rules=[rule for file in rule_files_of(target) for rule in file.rules],
        labels=alerts.labels,
        unasked=exercise.trouble or exercise.unwatched,
    )


def _alerts_of(run_context: RunContext) -> Alerts:
    telemetry = run_context.config.telemetry
    return (telemetry.alerts if telemetry else None) or Alerts()


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
        return
    if all(row.not_caused for row in exercise.matrix.rows):  # a test without a finding would pass
        why = "; ".join(dict.fromkeys(row.not_caused for row in exercise.matrix.rows)) or "no fault was planned"
        yield BLIND_SPOTS[0].finding(Outcome.NOT_RUN, why, summary="What shows each fault: none was caused")
    yield from judge_signals(exercise.matrix)
