"""Step 5, staging: faults are noticed. One exercise of the run causes each of them; these tests judge its evidence."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from harness.context.alert_files import judge_alert_files
from harness.context.monitoring_checks import judge_alerts, judge_panels, judge_shown_faults
from harness.context.runbook_checks import judge_runbooks_of_alerts

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.context.run_context import RunContext
    from harness.plugins.findings import Findings
    from harness.plugins.signal_section import SignalSection
    from harness.telemetry.exercise.evidence import ExerciseEvidence


@pytest.mark.verifies("observability.alerts")
def test_each_alert_fires_for_its_fault(
    require: Callable[..., None], run_context: RunContext, exercise: ExerciseEvidence, findings: Findings
) -> None:
    """The rules are right; each alert fires for its fault, is notified and resolves, and is silent on good traffic."""
    require("telemetry.alerts")
    findings.extend(judge_alerts(run_context, exercise))


@pytest.mark.verifies("observability.alerts")
def test_alert_files_are_accepted(require: Callable[..., None], run_context: RunContext, findings: Findings) -> None:
    """Promtool and amtool accept the files, the team's tests of rules pass, and routes lead each alert to somebody."""
    require("telemetry.alerts")
    findings.extend(judge_alert_files(run_context))


@pytest.mark.verifies("observability.alerts")
def test_each_alert_leads_to_a_runbook(
    require: Callable[..., None], run_context: RunContext, findings: Findings
) -> None:
    """Each alert leads to a runbook that is fit, and runbooks name alerts that exist."""
    require("telemetry.alerts")
    findings.extend(judge_runbooks_of_alerts(run_context.target, dt.datetime.now(tz=dt.UTC).date()))


@pytest.mark.verifies("observability.dashboards")
def test_each_panel_shows_something(
    require: Callable[..., None], run_context: RunContext, exercise: ExerciseEvidence, findings: Findings
) -> None:
    """Each query of a dashboard parses, reads series that exist, and returned data during the exercise."""
    require("telemetry.dashboards")
    findings.extend(judge_panels(run_context, exercise))


@pytest.mark.verifies("observability.metrics", level="should")
def test_each_fault_is_shown(
    run_context: RunContext, exercise: ExerciseEvidence, findings: Findings, signal_matrix: SignalSection
) -> None:
    """A log line, metric, span or alert shows each fault, and those that harness.toml declares do."""
    signal_matrix.add(exercise.matrix)
    findings.extend(judge_shown_faults(run_context, exercise))
