"""Group C, rotation: during an overlap the receiver takes the old secret and the new one."""

from __future__ import annotations

from harness.model import Level
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext


def _previous(context: DrillContext) -> Judgement:
    event = context.fresh()
    built = context.receiver.material(event).signed(secret=context.previous_secret())
    answer = context.receiver.send(event, built)
    return passes_if(answer.acknowledged, answer.seen)


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="previous-secret",
        item="webhooks.rotation",
        level=Level.SHOULD,
        summary="a delivery signed with the secret before this one",
        expected="HTTP 2xx",
        source="Standard Webhooks, Secret rotation: zero downtime",
        fix="Verify against the current and the previous secret until every sender has changed over.",
        needs=("receiver.signature.previous",),
        run=_previous,
    ),
)
