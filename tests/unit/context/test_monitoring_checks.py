"""Files that harness.toml names for rules and dashboards: a glob that names none is a failure, beside others too."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.context.monitoring_checks import judge_alerts, judge_panels
from harness.context.run_context import RunContext
from harness.model import Finding, Outcome
from harness.process.run import Run
from harness.telemetry.exercise.evidence import ExerciseEvidence

RULES = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n"
WHERE = "from the folder of harness.toml. Correct it, or remove it"


def failures(root: Path, keys: str, check: str) -> list[Finding]:
    """Judge the files that ``keys`` name by an exercise that saw nothing, and return a check's failures."""
    toml = f'[target]\nname = "Tiny"\n[telemetry]\nmetrics = "http://127.0.0.1:9/metrics"\n{keys}\n'
    for name, text in {"harness.toml": toml, "rules.yml": RULES, "board.json": '{"panels": []}'}.items():
        (root / name).write_text(text, encoding="utf-8")
    run = Run(run_id="r", seed="s", directory=str(root))
    context, evidence = RunContext.load(root, run=run, overlay=None, reports=root / "reports"), ExerciseEvidence()
    found = [*judge_alerts(context, evidence), *judge_panels(context, evidence)]
    return [f for f in found if f.check == check and f.outcome is Outcome.FAIL]


@pytest.mark.parametrize(
    "globs, unmatched",
    [(["rules.yml", "alerts/*.yml"], ["alerts/*.yml"]), (["a.yml", "b.yml"], ["a.yml", "b.yml"]), (["*.yml"], [])],
)
def test_a_glob_of_rules_that_names_no_file_is_a_failure(
    tmp_path: Path, globs: list[str], unmatched: list[str]
) -> None:
    """Each is named with its key, also where other globs name files."""
    found = failures(tmp_path, f"[telemetry.alerts]\nrules = {globs}", "rules-parse")

    assert [f.observed for f in found] == [
        f"harness.toml: [telemetry.alerts] rules: no file matches {glob!r}, {WHERE}" for glob in unmatched
    ]


@pytest.mark.parametrize("others", ['"board.json", ', ""], ids=["beside-another", "alone"])
def test_a_glob_of_dashboards_that_names_no_file_is_a_failure(tmp_path: Path, others: str) -> None:
    """It is named with its key, also beside a dashboard that another glob names, and not called a bad dashboard."""
    found = failures(tmp_path, f'dashboards = [{others}"boards/*.json"]', "is-readable")

    assert [f.observed for f in found] == [
        f"harness.toml: [telemetry] dashboards: no file matches 'boards/*.json', {WHERE}"
    ]
    assert [f.summary for f in found] == [f.observed for f in found]
