"""Judges the files of ``[telemetry.alerts]`` that need no exercise: routes, tests of rules, what promtool reports."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.context.exercise_plan import rule_files_of
from harness.context.named_files import judge_globs
from harness.model import Outcome
from harness.model.config import Alerts
from harness.telemetry.rules.alertmanager_config import read_alertmanager
from harness.telemetry.rules.route_checks import ROUTES_PARSE, judge_routes
from harness.telemetry.rules.tool_checks import PROMTOOL_TESTS, check_alertmanager, check_rules, run_rule_tests

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Finding


def judge_alert_files(run_context: RunContext) -> Iterator[Finding]:
    """Yield the findings on the files that harness.toml names; programs that are missing are reported as not run."""
    target, redact = run_context.target, run_context.vault.redact
    alerts = (target.config.telemetry.alerts if target.config.telemetry else None) or Alerts()
    with tempfile.TemporaryDirectory(dir=run_context.run.path, prefix="rules-") as scratch:
        if files := rule_files_of(target):
            yield from check_rules(files, Path(scratch), redact)
        if tests := target.files(*alerts.tests):
            yield from run_rule_tests(tests, Path(scratch), target.shown, redact)
            yield from judge_globs(target, PROMTOOL_TESTS, "[telemetry.alerts] tests", alerts.tests)
        elif alerts.tests:
            yield PROMTOOL_TESTS.finding(Outcome.FAIL, "no file matches [telemetry.alerts] tests")
    if alerts.routes is not None:
        path = target.root / alerts.routes
        if not path.is_file():
            observed = f"harness.toml: [telemetry.alerts] routes: there is no file {alerts.routes}. Correct the path"
            yield ROUTES_PARSE.finding(Outcome.FAIL, observed, summary=observed)
            return
        config = read_alertmanager(path, alerts.routes)
        yield from judge_routes(config, files, fires=alerts.fires, labels=alerts.labels)
        if not config.faults:
            yield from check_alertmanager(path, alerts.routes, redact)
