"""Group B, freshness: the age of a delivery does not depend on the time zone in which the receiver runs."""

from __future__ import annotations

from harness.model import Outcome
from harness.webhooks.cases.freshness import MARGIN_S, tolerance_of, unlimited
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext

ZONE = "Asia/Kolkata"
"""Five and a half hours from UTC, all the year."""


def _elsewhere(context: DrillContext) -> Judgement:
    """Start the receiver in another time zone; deliver an event of now, and one that is too old."""
    if reason := unlimited(context.receiver.scheme):
        return Outcome.NOT_APPLICABLE, reason
    with context.started_with({"TZ": ZONE}) as starts:
        if not next(starts):
            return Outcome.NOT_APPLICABLE, f"it does not start with TZ={ZONE}"
        now = context.receiver.deliver(context.fresh())
        event = context.fresh()
        material = context.receiver.material(event)
        too_old = material.timestamp - tolerance_of(material.scheme) - MARGIN_S
        old = context.receiver.send(event, material.signed(timestamp=too_old))
    seen = f"started with TZ={ZONE}; signed now: {now.seen}; signed too long ago: {old.seen}"
    return passes_if(now.acknowledged and old.status is not None and 400 <= old.status < 500, seen)


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="other-time-zone",
        item="webhooks.freshness",
        summary="deliveries of now and of long ago, to a receiver in another time zone",
        passed="Judged the age of deliveries in another time zone as in its own",
        failed="Did not both accept a new delivery and refuse an old one in another time zone",
        expected="HTTP 2xx for a delivery of now, HTTP 4xx for one older than the tolerance",
        source="Standard Webhooks, Verifying webhook authenticity: the timestamp is in seconds since the epoch, in UTC",
        fix="Compare the timestamp with seconds since the epoch, never with a local time.",
        needs_process="start the receiver in another time zone",
        run=_elsewhere,
    ),
)
