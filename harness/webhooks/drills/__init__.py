"""Drills as data: several deliveries with a plan, such as duplicates, bursts and crashes. One loop judges them all."""

from __future__ import annotations

from harness.errors import ProbeError, ProcessError
from harness.model import Finding, Outcome
from harness.webhooks.assessment import finding_of_row
from harness.webhooks.drills import crashes, dead_letters, duplicates, load, memory, overlap, withdrawal
from harness.webhooks.drills.drill import Drill, Judgement
from harness.webhooks.drills.drill_context import DrillContext

# Late effects of duplicates show while dead letters are looked at. Load comes last: what is slow on purpose keeps the
# workers of the receiver from everything after it.
DRILLS: tuple[Drill, ...] = (*dead_letters.DRILLS, *overlap.DRILLS, *duplicates.DRILLS, *load.DRILLS)
CRASHES: tuple[Drill, ...] = (*crashes.DRILLS, *withdrawal.DRILLS, *memory.DRILLS)
"""Those that need a copy of the target of their own."""

__all__ = ["CRASHES", "DRILLS", "Drill", "DrillContext", "play"]


def play(drill: Drill, stage: DrillContext, *, reproduce: str) -> Finding:
    """Run one drill, between honest deliveries that give it a meaning, and say what it came to."""
    return stage.receiver.undisturbed(lambda: [finding_of_row(drill, _judged(drill, stage), reproduce=reproduce)])[0]


def _shows_effects(stage: DrillContext) -> bool:
    """Whether the probe shows what honest deliveries do; found out once, for without it no number means anything."""
    if not stage.kept.get("effects are shown"):
        event = stage.fresh()
        answer = stage.receiver.deliver(event)
        shown = answer.acknowledged and stage.probe.wait(event.id, within_s=stage.receiver.settle_s)
        stage.kept["effects are shown"] = bool(shown)
    return bool(stage.kept["effects are shown"])


def _begin(stage: DrillContext) -> None:
    """Do once what shows late, so that it does so while other drills are played; not where a drill kills the target."""
    if stage.process is None and not stage.kept.get("begun"):
        stage.kept["begun"] = True
        for ahead in dict.fromkeys(drill.ahead for drill in DRILLS if drill.ahead):
            ahead(stage)


def _judged(drill: Drill, stage: DrillContext) -> Judgement:
    stage.event, error = stage.receiver.usable(stage.event)
    if error:
        return Outcome.ERROR, error
    try:
        if "receiver.effects" in drill.needs and not _shows_effects(stage):
            seen = f"a genuine delivery has no effect within {stage.receiver.settle_s:g} s: is the probe right?"
            return Outcome.ERROR, f"cannot be judged: {seen}"
        _begin(stage)
        return drill.run(stage)
    except (ProbeError, ProcessError) as exc:
        return Outcome.ERROR, str(exc)
