"""Group D, exactly once: events may arrive in any order."""

from __future__ import annotations

from typing import Any

from harness.core.pointers import text_at_key
from harness.model import Level, Outcome
from harness.openapi.event_bodies import readable_document
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.object_ids import about_another_object
from harness.webhooks.similar_ids import similar_id


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


DRILLS: tuple[Drill, ...] = (
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
