"""Group B, freshness: the age of a delivery does not depend on the time zone in which the receiver runs."""

from __future__ import annotations

from harness.model import Delivery, Event, Outcome
from harness.webhooks.cases.freshness import MARGIN_S, tolerance_of, unlimited
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.duplicates import deliver_dated
from harness.webhooks.drills.forgeries import effects_beside_later
from harness.webhooks.effects import counted

ZONE = "Asia/Kolkata"
"""Five and a half hours from UTC, all the year."""


def _elsewhere(context: DrillContext) -> Judgement:
    """Start the receiver in another time zone; deliver an event of now, and one that is too old."""
    if reason := unlimited(context.receiver.scheme):
        return Outcome.NOT_APPLICABLE, reason
    old = context.fresh()
    answer = _long_ago(context, old)
    if answer.acknowledged and (effects := effects_beside_later(context, old)):
        seen = f"{answer.seen}, {counted(effects)}"
        return Outcome.NOT_APPLICABLE, f"one as old is processed in its own zone too, which other checks judge: {seen}"
    with context.started_with({"TZ": ZONE}) as starts:
        if not next(starts):
            return Outcome.NOT_APPLICABLE, f"it does not start with TZ={ZONE}"
        return _old_and_new(context)


def _old_and_new(context: DrillContext) -> Judgement:
    old, new = context.fresh(), context.fresh()
    before = _long_ago(context, old)
    after = context.receiver.deliver(new)
    seen = f"started with TZ={ZONE}; signed too long ago: {before.seen}, now: {after.seen}"
    if not after.acknowledged:
        return Outcome.FAIL, seen
    # By the time the later delivery has its effect, the earlier one has had its own.
    if not context.probe.wait(new.id, within_s=context.receiver.settle_s):
        return Outcome.ERROR, f"{seen}, but no effect of the new one within {context.receiver.settle_s:g} s"
    effects = context.probe.effects(old.id)
    return passes_if(not effects, f"{seen}, {counted(effects)} of the old one")


def _long_ago(context: DrillContext, event: Event) -> Delivery:
    return deliver_dated(context, event, -tolerance_of(context.receiver.scheme) - MARGIN_S)


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="other-time-zone",
        item="webhooks.freshness",
        summary="deliveries of now and of long ago, to a receiver in another time zone",
        passed="Judged the age of deliveries in another time zone as in its own",
        failed="Did not both accept a new delivery and refuse an old one in another time zone",
        expected="HTTP 2xx for a delivery of now, and no effect of one older than the tolerance",
        source="Standard Webhooks, Verifying webhook authenticity: the timestamp is in seconds since the epoch, in UTC",
        fix="Compare the timestamp with seconds since the epoch, never with a local time.",
        needs_process="start the receiver in another time zone",
        run=_elsewhere,
    ),
)
