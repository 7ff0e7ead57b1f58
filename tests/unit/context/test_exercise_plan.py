"""What an exercise plans by the rules and harness.toml: the alerts it can prove, and how long it waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.context.exercise_plan import FIRES_S, ExercisePlan
from harness.context.fault_causes import FaultCauses
from harness.context.run_context import RunContext
from harness.process.run import Run

TOML = """
[target]
name = "Tiny"
[telemetry]
metrics = "http://127.0.0.1:9100/metrics"
[telemetry.alerts]
rules = ["rules.yml"]
fires = { Quick = "forged", Slow = "forged" }
"""
RULES = """
groups:
  - name: g
    rules:
      - {{ alert: Quick, expr: "increase(refusals_total[10s]) > 0" }}
      - {{ alert: Slow, expr: "increase(refusals_total[10s]) > 0", for: {slow} }}
"""


def plan(folder: Path, slow: str, unkillable: str = "") -> ExercisePlan:
    (folder / "harness.toml").write_text(TOML, encoding="utf-8")
    (folder / "rules.yml").write_text(RULES.format(slow=slow), encoding="utf-8")
    run = Run(run_id="r", seed="s", directory=str(folder))
    context = RunContext.load(folder, run=run, overlay=None, reports=folder / "reports")
    return ExercisePlan(context, FaultCauses(context), unkillable)


@pytest.mark.parametrize(
    "slow, too_late, beyond, patience_s",
    [
        ("100s", "", "", 40 + FIRES_S),
        ("5m", "", "takes 120 s, and the harness waits 50 s at most", FIRES_S),
        ("1h", "`for: 3600s` alone takes longer than [telemetry.alerts] fires_within, which is 900s", "1440", FIRES_S),
    ],
)
def test_a_for_that_is_too_long_is_not_waited_for(
    tmp_path: Path, slow: str, too_late: str, beyond: str, patience_s: float
) -> None:
    """What the team allows is compared with the rule as written, what the harness waits with the scaled one."""
    planned = plan(tmp_path, slow)

    alert = planned.counted[1]

    assert (alert.name, alert.too_late) == ("Slow", too_late)
    assert beyond in alert.beyond
    assert bool(alert.beyond) is bool(beyond)
    assert planned.timing.fire_s["Slow"] == pytest.approx(patience_s)


def test_faults_without_their_keys_or_a_copy_name_the_reason(tmp_path: Path) -> None:
    """A fault that cannot be caused has no cause, and says which keys are missing."""
    faults = {fault.name: fault for fault in plan(tmp_path, "1m", unkillable="no copy").faults()}

    assert all(fault.cause is None for fault in faults.values())
    assert "[receiver]" in faults["forged"].not_caused
    assert "[client]" in faults["429"].not_caused
    assert faults["forged"].alerts == ("Quick", "Slow")
