"""One exercise of a run, whose evidence every process reads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.context import exercise
from harness.context.exercise import exercise_of
from harness.context.run_context import RunContext
from harness.process.run import Run
from harness.telemetry.exercise.evidence import ExerciseEvidence

TOML = """
[target]
name = "Tiny"
[telemetry]
settle_within = "1ms"
"""


def context(folder: Path) -> RunContext:
    (folder / "harness.toml").write_text(TOML, encoding="utf-8")
    run = Run(run_id="r", seed="s", directory=str(folder))
    run.path.mkdir(parents=True, exist_ok=True)
    return RunContext.load(folder, run=run, overlay=None, reports=folder / "reports")


def test_the_exercise_runs_once_for_all_who_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second request waits for the first; an exercise that breaks off leaves no evidence and no lock behind."""
    ran: list[str] = []
    running = threading.Event()

    def evidence(_: RunContext) -> ExerciseEvidence:
        ran.append("x")
        if len(ran) == 1:
            raise KeyboardInterrupt
        running.wait(0.3)
        return ExerciseEvidence(trouble="seen by all")

    monkeypatch.setattr(exercise, "_evidence", evidence)
    asked = context(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        exercise_of(asked)

    with ThreadPoolExecutor() as pool:
        found = [future.result() for future in [pool.submit(exercise_of, asked) for _ in range(2)]]

    assert [one.trouble for one in found] == ["seen by all"] * 2
    assert len(ran) == 2


def test_a_target_that_shows_nothing_has_an_exercise_all_the_same(tmp_path: Path) -> None:
    """Every fault is listed with the keys that it would need, every signal with why it was not observed."""
    found = exercise_of(context(tmp_path))

    assert found.trouble == ""
    assert found.unwatched == "harness.toml does not set [telemetry] metrics"
    assert all(row.not_caused.startswith("harness.toml does not set [") for row in found.matrix.rows)
    assert len(found.matrix.rows) == 11
    assert len(found.matrix.unobserved) >= 3
