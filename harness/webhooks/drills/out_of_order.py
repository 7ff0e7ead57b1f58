"""Group D, exactly once: events may arrive in any order, and late."""

from __future__ import annotations

from typing import Any

from harness.core.pointers import text_at_key
from harness.model import Level, Outcome
from harness.openapi.event_bodies import readable_document
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.effects import QUIET_S, counted
from harness.webhooks.object_ids import about_another_object, object_keys
from harness.webhooks.similar_ids import similar_id

EARLIER_S = 3600
"""As long after an event most senders still try to deliver it, and hardly any tolerance is as long, in seconds."""


def _out_of_order(context: DrillContext) -> Judgement:
    in_order, reversed_ = (_state_after(context, backwards=b) for b in (False, True))
    if isinstance(in_order, str) or isinstance(reversed_, str):
        return Outcome.ERROR, in_order if isinstance(in_order, str) else str(reversed_)
    return passes_if(in_order == reversed_, f"state in order: {in_order}; out of order: {reversed_}")


def _state_after(context: DrillContext, *, backwards: bool) -> dict[str, Any] | str:
    """Return the state of a new object after both events, or why it is not known."""
    order = context.config.order
    assert order is not None
    assert context.state_of is not None
    events = [context.read(order.earlier), context.read(order.later)]
    old_id = text_at_key(readable_document(events[0].headers, events[0].body), order.object)
    if not old_id:
        return f"[receiver.order] object: {order.earlier} has neither text nor a whole number under {order.object!r}"
    new_id = similar_id(old_id)
    happened = [context.receiver.format.happened(event) or 0.0 for event in events]
    since = context.receiver.now() - max(happened)  # both are dated alike, so that each remains earlier or later
    dated = list(zip(events, (at + since for at in happened), strict=True))
    for event, at in reversed(dated) if backwards else dated:
        subject = context.receiver.fresh(about_another_object(event, order.object, new_id), at=at)
        answer = context.receiver.deliver(subject)
        if not answer.acknowledged:
            return f"{event.name}: {answer.seen}"
        if not context.probe.wait(subject.id, within_s=context.receiver.settle_s):
            return f"{event.name} had no effect within {context.receiver.settle_s:g} s"
    state = context.state_of(new_id)
    return dict(state) if state else f"[receiver.order] state: the probe does not know {new_id}"


def _happened_earlier(context: DrillContext) -> Judgement:
    """Deliver an event of an hour ago, signed now, and one of now; each is about an object of its own.

    A receiver may pass over what is older than the state of an object that it knows, and may know its objects.
    """
    receiver, event = context.receiver, context.fresh()
    keys = object_keys(event, context.config.order.object if context.config.order else None)
    if receiver.format.happened(event) is None or not keys:
        missing = "when it happened" if keys else "an id of its object that can be replaced"
        return Outcome.NOT_APPLICABLE, f"{event.name} does not state {missing}"
    now = receiver.now()
    early, late = (receiver.fresh(about_another_object(event, keys[0]), at=at) for at in (now - EARLIER_S, now))
    answer = receiver.deliver(early)
    if fault := context.without_effect(late):
        return Outcome.NOT_APPLICABLE, f"the receiver processes no event about an object that it does not know: {fault}"
    effects = context.probe.wait(early.id, within_s=QUIET_S) if answer.acknowledged else 0
    return passes_if(effects > 0, f"{answer.seen}, {counted(effects)}; one that is dated now was processed")


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="happened-earlier",
        item="webhooks.idempotent",
        summary="an event of an hour ago, signed now",
        passed="Processed an event that had happened an hour before its delivery",
        failed="Refused or dropped an event that had happened an hour before its delivery",
        expected="HTTP 2xx and an effect, as of one that is dated now",
        source="Standard Webhooks, Deliverability and reliability: senders try again for hours; the time of the "
        "attempt is signed",
        fix="Judge the age of a delivery by the timestamp that is signed for each attempt, never by when the event "
        "happened, and compare the times of events only with what you know of the same object.",
        run=_happened_earlier,
    ),
    Drill(
        id="out-of-order",
        item="webhooks.idempotent",
        level=Level.SHOULD,
        summary="two events in reverse order",
        passed="Reached the same state from two events in reverse order",
        failed="Reached another state from two events in reverse order",
        expected="the same state as in the right order",
        source="docs.stripe.com, Webhooks: event ordering is not guaranteed",
        fix="Let an object's state move only forward, or fetch it from the provider instead of trusting the order.",
        needs=("receiver.effects", "receiver.order"),
        run=_out_of_order,
    ),
)
