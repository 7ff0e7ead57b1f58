"""Group D, exactly once: an event whose first delivery failed is processed when it is delivered again."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from harness.core.encodable import readable_json
from harness.model import Event, Outcome
from harness.openapi.event_bodies import is_json_event, readable_document
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.effects import counted


def _genuine_after_failure(context: DrillContext) -> Judgement:
    """Deliver an event that the receiver fails at and does not acknowledge, then the right one under its id."""
    acknowledged = ""
    for failing, event in _pairs(context):
        first = context.receiver.deliver(failing)
        if first.acknowledged:
            acknowledged = f"{first.seen} even to what cannot be processed, which is then not sent again"
            continue
        answer = context.receiver.deliver(event)
        seen = f"failing: {first.seen}; then delivered again, whole: {answer.seen}"
        if not answer.acknowledged:
            return Outcome.FAIL, seen
        effects = context.probe.settled(event.id, within_s=context.receiver.settle_s)
        return passes_if(effects == 1, f"{seen}, {counted(effects)}")
    why = acknowledged or f"no part of {context.event.name} can be left out, and [receiver] unprocessable is not set"
    return Outcome.NOT_APPLICABLE, why


def _pairs(context: DrillContext) -> Iterator[tuple[Event, Event]]:
    """Yield events that cannot be processed, each with one under its id that can be."""
    fresh = context.receiver.format.fresh
    whole = context.fresh()
    if emptied := _emptied(whole):
        yield emptied, whole
    if context.config.unprocessable is not None:
        whole = context.fresh()
        yield fresh(context.read(context.config.unprocessable), whole.id), whole


def _emptied(event: Event) -> Event | None:
    """Return the event with null in place of each of its inner objects and lists; None where it has none."""
    if not is_json_event(event.headers, event.body):
        return None
    document = readable_document(event.headers, event.body)
    if not isinstance(document, dict):
        return None
    emptied = {k: None if isinstance(v, dict | list) and v else v for k, v in document.items()}
    if emptied == document:
        return None
    return msgspec.structs.replace(event, body=readable_json(emptied, separators=(",", ":")))


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="genuine-after-failure",
        item="webhooks.idempotent",
        summary="an event that fails, then the right one with the same id",
        passed="Processed an event once, although a first delivery of it had failed",
        failed="Refused, lost or repeated an event after a first delivery of it had failed",
        expected="HTTP 2xx and exactly one effect of the second delivery",
        source="docs.stripe.com, Webhooks: handle duplicate events; a sender delivers again after a failure",
        fix="Note an id as processed in the transaction of its effect, never before.",
        run=_genuine_after_failure,
    ),
)
