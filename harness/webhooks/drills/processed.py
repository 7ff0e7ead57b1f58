"""Whether an event has any effect that shows: asked once, because no other drill means anything otherwise."""

from __future__ import annotations

from harness.model import Outcome
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.effects import counted


def unseen(drill: Drill, fault: str) -> Judgement:
    """Return the judgement of a drill where the numbers of the probe mean nothing, for the reason ``fault``."""
    if drill is PROCESSED:
        return Outcome.ERROR, f"cannot be judged: {fault}"
    return Outcome.NOT_RUN, f"effects are not known, as {PROCESSED.key} finds: {fault}"


def _processed(context: DrillContext) -> Judgement:
    event = context.fresh()
    answer = context.receiver.deliver(event)
    effects = context.probe.wait(event.id, within_s=context.receiver.settle_s)
    context.shared.earliest = (event, answer)
    return passes_if(answer.acknowledged and effects > 0, f"{answer.seen}, {counted(effects)}")


PROCESSED = Drill(
    id="processed",
    item="webhooks.idempotent",
    summary="an effect of a genuine delivery",
    passed="Processed a genuine delivery",
    failed="Acknowledged a genuine delivery and did nothing",
    expected="HTTP 2xx and an effect",
    source="the integration guide, Webhooks",
    fix="Process the event, or correct [receiver] effects so that it reports what the event did.",
    run=_processed,
)
DRILLS: tuple[Drill, ...] = (PROCESSED,)
