"""Drills as data: several deliveries with a plan, such as duplicates, bursts and crashes. One loop judges them all."""

from __future__ import annotations

from harness.errors import ProbeError, ProcessError
from harness.model import Finding, Outcome
from harness.webhooks.drills import crashes, dead_letters, duplicates, load, rotation
from harness.webhooks.drills.row import Drill, Judgement
from harness.webhooks.drills.stage import Stage

DRILLS: tuple[Drill, ...] = (*duplicates.DRILLS, *rotation.DRILLS, *load.DRILLS, *dead_letters.DRILLS)
CRASHES: tuple[Drill, ...] = crashes.DRILLS
"""Those that need a copy of the target of their own."""

__all__ = ["CRASHES", "DRILLS", "Drill", "Stage", "play"]

_SAID = {
    Outcome.PASS: "came to what it must",
    Outcome.FAIL: "did not come to what it must",
    Outcome.NOT_APPLICABLE: "does not apply",
    Outcome.NOT_RUN: "could not be seen",
}


def play(drill: Drill, stage: Stage, *, reproduce: str) -> Finding:
    """Run one drill, between honest deliveries that give it a meaning, and say what it came to."""
    outcome, observed = _judged(drill, stage)
    return Finding(
        item=drill.item,
        outcome=outcome,
        summary=f"{drill.id}: {drill.summary} {_SAID.get(outcome, 'could not be judged')}",
        expected=drill.expected,
        observed=observed,
        reproduce=reproduce,
        fix=drill.fix if outcome is Outcome.FAIL else "",
        source=drill.source,
        level=drill.level,
        case=drill.id,
    )


def _judged(drill: Drill, stage: Stage) -> Judgement:
    stage.event, error = stage.receiver.usable(stage.event)
    if error:
        return Outcome.ERROR, error
    try:
        return drill.run(stage)
    except (ProbeError, ProcessError) as exc:
        return Outcome.ERROR, str(exc)
