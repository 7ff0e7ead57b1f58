"""What a receiver does with a forgery by itself: one that processes it shows nothing more where drills forge."""

from __future__ import annotations

from harness.errors import ProbeError
from harness.model import Event
from harness.webhooks.cases.receiver_case import unauthenticated
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.shared import LoneForgery
from harness.webhooks.effects import counted


def processed_anyway(context: DrillContext) -> str:
    """Return why a forgery that is processed shows nothing, empty where one by itself is not.

    One that is acknowledged and then ignored is not processed. Raises `ProbeError`.
    """
    if reason := unauthenticated(context.receiver.scheme):
        return reason
    alone = lone_forgery(context)
    judged = "a forgery by itself is processed too, which other checks judge"
    return f"{judged}: {alone.answer.seen}, {counted(alone.effects)}" if alone.effects else ""


def lone_forgery(context: DrillContext) -> LoneForgery:
    """Return what became of a forgery by itself, which is sent once; raises `ProbeError`."""
    if context.shared.forgery is None:
        event = context.fresh()
        answer = context.receiver.send(event, context.receiver.forged(event))
        asks = answer.acknowledged and context.receiver.probe is not None
        effects = effects_beside_later(context, event) if asks else int(answer.acknowledged)
        context.shared.forgery = LoneForgery(answer, effects)
    return context.shared.forgery


def effects_beside_later(context: DrillContext, *events: Event) -> int:
    """Return the effects of events that may have none; raises `ProbeError` where a later event has none either.

    By the time a later delivery has its effect, an earlier one has had its own.
    """
    later = context.fresh()
    answer = context.receiver.deliver(later)
    within_s = context.receiver.settle_s
    if not answer.acknowledged or not context.probe.wait(later.id, within_s=within_s):
        raise ProbeError(f"cannot be judged: a later event got {answer.seen}, and no effect within {within_s:g} s")
    return sum(context.probe.effects(event.id) for event in events)
