"""Group C, rotation: during an overlap the receiver accepts the old secret and the new one."""

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
        summary="a delivery signed with the previous secret",
        passed="Accepted a delivery signed with the previous secret",
        failed="Did not accept a delivery signed with the previous secret",
        expected="HTTP 2xx",
        source="Standard Webhooks, Secret rotation: zero downtime",
        fix="Verify against the current and the previous secret until every sender uses the current one.",
        needs=("receiver.signature.previous",),
        run=_previous,
    ),
)
