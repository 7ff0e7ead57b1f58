"""What is judged by the files that harness.toml names, and by an exercise that showed little."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.context.monitoring_checks import judge_alerts, judge_panels, judge_shown_faults
from harness.context.run_context import RunContext
from harness.model import Finding, Outcome
from harness.model.signals import FaultSignals, SignalMatrix
from harness.process.run import Run
from harness.telemetry.exercise.evidence import ExerciseEvidence

RULES = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n"
WHERE = "from the folder of harness.toml. Correct it, or remove it"


def tiny(root: Path, keys: str = "") -> RunContext:
    """Return a target with rules, a dashboard and these keys of ``[telemetry]``."""
    toml = f'[target]\nname = "Tiny"\n[telemetry]\nmetrics = "http://127.0.0.1:9/metrics"\n{keys}\n'
    for name, text in {"harness.toml": toml, "rules.yml": RULES, "board.json": '{"panels": []}'}.items():
        (root / name).write_text(text, encoding="utf-8")
    run = Run(run_id="r", seed="s", directory=str(root))
    return RunContext.load(root, run=run, overlay=None, reports=root / "reports")


def failures(root: Path, keys: str, check: str) -> list[Finding]:
    """Judge the files that ``keys`` name by an exercise that saw nothing, and return a check's failures."""
    context, evidence = tiny(root, keys), ExerciseEvidence()
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


def test_an_exercise_without_a_fault_shows_nothing(tmp_path: Path) -> None:
    """It is reported as not run with the reasons, each once: a test without any finding would pass."""
    rows = tuple(FaultSignals(fault=fault, not_caused="no receiver") for fault in ("forged", "stale"))
    found = list(judge_shown_faults(tiny(tmp_path), ExerciseEvidence(matrix=SignalMatrix(rows=rows))))

    assert [(f.item, f.outcome, f.observed) for f in found] == [
        ("observability.metrics", Outcome.NOT_RUN, "no receiver")
    ]
