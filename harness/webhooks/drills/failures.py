"""Group D, exactly once: what failed is not acknowledged, and is processed when it is delivered again."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from harness.core.encodable import readable_json
from harness.model import Event, Outcome
from harness.openapi.event_bodies import is_json_event, readable_document
from harness.webhooks.drills.dead_letters import letter_of
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.effects import counted

AT_ONCE = 8


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
    return Outcome.NOT_APPLICABLE, acknowledged or _nothing_fails(context)


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


def _failing_at_once(context: DrillContext) -> Judgement:
    """Deliver an event that the receiver does not take when it comes alone, many times at the same moment."""
    receiver, acknowledged = context.receiver, ""
    for (alone, _), (event, _) in zip(_pairs(context), _pairs(context), strict=True):
        first = receiver.deliver(alone)
        if first.acknowledged:
            acknowledged = f"{first.seen} even to what cannot be processed, which other checks judge"
            continue
        built = receiver.material(event).signed()
        answers = receiver.send_at_once([(event, built)] * AT_ONCE)
        taken = [answer for answer in answers if answer.acknowledged]
        seen = f"alone: {first.seen}; {AT_ONCE} at once: {len(taken)} acknowledged"
        return passes_if(not taken or _came_of(context, event), f"{seen}{', and nothing came of them' * bool(taken)}")
    return Outcome.NOT_APPLICABLE, acknowledged or _nothing_fails(context)


def _came_of(context: DrillContext, event: Event) -> bool:
    """Whether an event has its effect, or else a dead letter, in the time for either."""
    if context.probe.wait(event.id, within_s=context.receiver.settle_s):
        return True
    return context.dead_letter_of is not None and letter_of(context, event, time.monotonic())[1]


def _nothing_fails(context: DrillContext) -> str:
    return f"no part of {context.event.name} can be left out, and [receiver] unprocessable is not set"


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
    Drill(
        id="failing-at-once",
        item="webhooks.idempotent",
        summary=f"an event that fails, delivered {AT_ONCE} times in parallel",
        passed=f"Acknowledged no delivery of an event that fails, although {AT_ONCE} came in parallel",
        failed="Acknowledged an event as a duplicate of a delivery that was still processed, and then failed",
        expected="no HTTP 2xx, as for one delivery by itself; or its effect or a dead letter",
        source="docs.stripe.com, Webhooks: handle duplicate events; what is acknowledged is not sent again",
        fix="Acknowledge a duplicate only of what is stored or done. While the first delivery is being processed, "
        "answer 409 or 503 with Retry-After, or wait for its end and answer the same.",
        run=_failing_at_once,
    ),
)
