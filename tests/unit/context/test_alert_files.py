"""The files of alerts that need no exercise: found by harness.toml, and judged as far as programs are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.context.alert_files import judge_alert_files
from harness.context.exercise_plan import ExercisePlan
from harness.context.fault_causes import FaultCauses
from harness.context.run_context import RunContext
from harness.model import Outcome
from harness.process.run import Run

TOML = """
[target]
name = "Tiny"
[telemetry.alerts]
rules = ["rules.yml"]
tests = ["*_test.yml"]
routes = "am.yml"
fires = { Forged = "forged" }
"""
RULES = "groups: [{name: g, rules: [{alert: Forged, expr: up == 0, labels: {team: a}}]}]\n"
ROUTES = """\
route: {receiver: nobody, routes: [{match: {team: b}, receiver: pager}]}
receivers: [{name: nobody}, {name: pager, webhook_configs: [{url: "http://x"}]}]
"""


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunContext:
    """A target with rules and routes, on a machine without promtool and amtool."""
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    for name, text in {"harness.toml": TOML, "rules.yml": RULES, "am.yml": ROUTES}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    run = Run(run_id="r", seed="s", directory=str(tmp_path))
    return RunContext.load(tmp_path, run=run, overlay=None, reports=tmp_path / "reports")


def test_routes_are_judged_and_missing_programs_are_named(context: RunContext) -> None:
    """Nothing passes that was not judged, and a glob that matches nothing is a failure."""
    found = {f.check: f for f in judge_alert_files(context)}

    assert found["promtool-rules"].observed == "promtool is not on the PATH: apt-get install prometheus"
    assert found["promtool-tests"].observed == "no file matches [telemetry.alerts] tests"
    assert found["amtool-config"].outcome is Outcome.NOT_RUN
    assert found["alert-reaches-somebody"].summary.startswith(
        "rules.yml:1: Forged: it is routed to 'nobody' (am.yml:1)"
    )
    assert found["route-reached"].outcome is Outcome.FAIL


def test_a_missing_file_of_routes_is_named_with_its_key(context: RunContext, tmp_path: Path) -> None:
    """The failure names the key of harness.toml and the path that it has."""
    (tmp_path / "am.yml").unlink()

    found = {f.check: f for f in judge_alert_files(context)}

    assert found["routes-parse"].outcome is Outcome.FAIL
    assert found["routes-parse"].observed == (
        "harness.toml: [telemetry.alerts] routes: there is no file am.yml. Correct the path"
    )
    assert "amtool-config" not in found


def test_notifications_follow_the_teams_routes(context: RunContext, tmp_path: Path) -> None:
    """The harness stands for the receivers; a file that Alertmanager refuses is replaced by one route to it."""
    plan = ExercisePlan(context, FaultCauses(context), "")
    followed = json.loads(plan.routes("http://127.0.0.1:9"))
    (tmp_path / "am.yml").write_text("route: {}", encoding="utf-8")
    replaced = json.loads(plan.routes("http://127.0.0.1:9"))

    assert followed["route"]["routes"][0]["matchers"] == ['team="b"']
    assert replaced["route"]["receiver"] == "harness"
