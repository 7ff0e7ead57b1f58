"""Groups B and D, exactly once: senders deliver again, also in parallel."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from harness.model import Delivery, Event, Outcome
from harness.model.cause import OF_RECEIVER
from harness.webhooks import effects as seen
from harness.webhooks.drills.drill import Caused, Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.shared import Repeated
from harness.webhooks.effects import counted
from harness.webhooks.rewriting import reordered, with_member

AT_ONCE = 20
_GONE_S = 1.0
"""Time after which a sender that hung up delivers again, in seconds, where no effect shows before."""

_ONCE = "HTTP 2xx each time, and exactly one effect"
_UNIQUE = (
    "Give the event id a unique constraint, store it in the same transaction as the effect, and acknowledge an event "
    "whose id is already stored."
)
REPEATS = OF_RECEIVER.of("processes an event again when it is delivered again")
_OF_ONE_EVENT = ("exact-replay", "duplicates")
"""How the ids of drills begin that a receiver fails which does not note what it has processed."""
_SOURCE = "Standard Webhooks, Idempotency; docs.stripe.com, Webhooks: handle duplicate events"


class _Delivered(NamedTuple):
    answers: Sequence[Delivery]
    """Responses to the deliveries that a receiver must acknowledge."""
    before: str = ""
    """What preceded them, in words."""


Deliver = Callable[[DrillContext, Event], "_Delivered | None"]
"""Returns None where the event cannot be delivered in that way."""


def _one_after_another(context: DrillContext, event: Event) -> _Delivered:
    """Deliver an event three times, each signed a second later, as that of a sender that tries again."""
    first = deliver_dated(context, event, -2)
    context.probe.wait(event.id, within_s=context.receiver.settle_s)
    return _Delivered([first, *(deliver_dated(context, event, later) for later in (-1, 0))])


def deliver_dated(context: DrillContext, event: Event, seconds: int) -> Delivery:
    """Send one genuine delivery that was signed so many seconds after now."""
    material = context.receiver.material(event)
    return context.receiver.send(event, material.signed(timestamp=material.timestamp + seconds))


def _exactly_the_same(context: DrillContext, event: Event) -> _Delivered:
    material = context.receiver.material(event)
    built = material.signed()
    answers = [context.receiver.send(event, built) for _ in range(3)]
    within = material.scheme.within
    return _Delivered(answers[:1] if within and within.nonce else answers)  # a nonce may be refused again, as replayed


def _at_once(context: DrillContext, event: Event) -> _Delivered:
    """Deliver an event many times; the receiver has all of them before it has answered one."""
    signed = [context.receiver.material(event).signed() for _ in range(AT_ONCE)]
    return _Delivered(context.receiver.send_at_once([(event, built) for built in signed]))


def _after_a_forgery(context: DrillContext, event: Event) -> _Delivered:
    forged = context.receiver.send(event, context.receiver.forged(event))
    return _Delivered(context.deliver(event), before=f"forged: {forged.seen}; then genuine: ")


def _around_a_forgery(context: DrillContext, event: Event) -> _Delivered:
    """Deliver an event; once it is processed a forgery with its id, and then the event again."""
    first = context.deliver(event)
    context.probe.wait(event.id, within_s=context.receiver.settle_s)
    forged = context.receiver.send(event, context.receiver.forged(event))
    return _Delivered([*first, *context.deliver(event)], before=f"forged in between: {forged.seen}; ")


def _after_a_cut(context: DrillContext, event: Event) -> _Delivered:
    built = context.receiver.material(event).signed()
    wire = context.receiver.wire
    head = wire.head(built, ("content-length", str(len(built.body))))
    wire.abandon([head, built.body[: len(built.body) // 2]])
    return _Delivered(context.deliver(event))


def _unread(context: DrillContext, event: Event) -> _Delivered:
    """Deliver an event and hang up, as a sender does whose time is over, then deliver it again."""
    built = context.receiver.material(event).signed()
    wire = context.receiver.wire
    wire.abandon([wire.head(built, ("content-length", str(len(built.body)))), built.body])
    context.probe.wait(event.id, within_s=_GONE_S)
    return _Delivered(context.deliver(event), before="first without waiting for the answer; then again: ")


def _rewritten(context: DrillContext, event: Event) -> _Delivered | None:
    """Deliver an event, then again as a sender does that writes the body again: in another order, with a new member."""
    another = reordered(event)
    if another is None:
        return None
    first = context.deliver(event)
    context.probe.wait(event.id, within_s=context.receiver.settle_s)
    again = context.deliver(another)
    more = with_member(another)
    answers = context.deliver(more) if more else []  # may be refused: not every receiver takes an unknown member
    before = "".join(f"with a new member: {answer.seen}; " for answer in answers)
    return _Delivered([*first, *again], before)


_WAYS: Mapping[str, Deliver] = {
    "duplicates": _one_after_another,
    "exact-replay": _exactly_the_same,
    "duplicates-at-once": _at_once,
    "genuine-after-forged": _after_a_forgery,
    "whole-after-cut": _after_a_cut,
    "duplicates-after-forged": _around_a_forgery,
    "duplicates-unread": _unread,
    "duplicates-rewritten": _rewritten,
}
"""Each way of delivering again, by the id of the drill that judges it; all run together and share one wait."""


def _repeat(context: DrillContext) -> None:
    """Deliver one event in each way, then wait for all of them together."""
    receiver = context.receiver
    if receiver.probe is None or not context.can_be_asked or receiver.uncounted(context.event):
        return
    delivered = {drill_id: (e := context.fresh(), deliver(context, e)) for drill_id, deliver in _WAYS.items()}
    for event, came in delivered.values():
        if came:
            context.probe.wait(event.id, within_s=receiver.settle_s)
    done_at = time.monotonic()
    context.shared.repeated = {way: Repeated(event, *came, done_at) for way, (event, came) in delivered.items() if came}


def _once(drill_id: str, context: DrillContext) -> Judgement | Caused:
    """Judge one way of delivering again, after the time in which late effects show."""
    if context.shared.repeated is None:
        _repeat(context)
    assert context.shared.repeated is not None
    if drill_id not in context.shared.repeated:
        return Outcome.NOT_APPLICABLE, f"no other body means the same event as {context.event.name}"
    event, answers, before, done_at = context.shared.repeated[drill_id]
    time.sleep(max(0.0, done_at + seen.QUIET_S - time.monotonic()))
    refused = [a for a in answers if not a.acknowledged]
    if refused:
        return Outcome.FAIL, f"{before}{len(refused)} of {len(answers)} not acknowledged: {refused[0].seen}"
    effects = context.probe.effects(event.id)
    answered = answers[0].seen if len(answers) == 1 else f"{len(answers)} acknowledged"
    outcome, observed = passes_if(effects == 1, f"{before}{answered}, {counted(effects)}")
    return Caused(outcome, observed, REPEATS if effects > 1 and drill_id.startswith(_OF_ONE_EVENT) else "")


_drill = partial(Drill, item="webhooks.idempotent", expected=_ONCE, source=_SOURCE, fix=_UNIQUE, ahead=_repeat)


def _again(drill_id: str, **fields: Any) -> Drill:
    return _drill(id=drill_id, run=partial(_once, drill_id), **fields)


DRILLS: tuple[Drill, ...] = (
    _again(
        "duplicates",
        summary="one event delivered three times in a row",
        passed="Processed an event once, although it was delivered three times in a row",
        failed="Refused, lost or repeated an event that was delivered three times in a row",
    ),
    _again(
        "exact-replay",
        summary="one request sent three times, byte for byte",
        passed="Processed an event once, although its request was sent three times",
        failed="Refused, lost or repeated an event whose request was sent three times",
        source="Standard Webhooks, Idempotency: the id also stops replays within the tolerance",
    ),
    _again(
        "duplicates-at-once",
        summary=f"one event delivered {AT_ONCE} times in parallel",
        passed=f"Processed an event once, although it was delivered {AT_ONCE} times in parallel",
        failed=f"Refused, lost or repeated an event that was delivered {AT_ONCE} times in parallel",
    ),
    _again(
        "genuine-after-forged",
        summary="a forged event, then the genuine one with the same id",
        passed="Processed a genuine event once, although a forgery with its id came first",
        failed="Refused, lost or repeated a genuine event after a forgery with its id",
        expected="HTTP 2xx and exactly one effect of the genuine event",
        fix="Record an id only after its delivery is verified.",
    ),
    _again(
        "whole-after-cut",
        summary="half a request, then the whole one",
        passed="Processed an event once, although a first request for it was cut off",
        failed="Refused, lost or repeated an event after a first request for it was cut off",
        expected="HTTP 2xx and exactly one effect of the whole request",
        source="docs.github.com, Handling failed webhook deliveries; a sender delivers again after a failure",
        fix="Record an id in the transaction that stores its event, not before.",
    ),
    _again(
        "duplicates-after-forged",
        summary="one event delivered again after a forgery with its id",
        passed="Processed an event once, although it was delivered again after a forgery with its id",
        failed="Refused, lost or repeated an event that was delivered again after a forgery with its id",
        fix="Let a delivery that you refuse change nothing of what you know about the event with its id.",
    ),
    _again(
        "duplicates-unread",
        summary="one event delivered again, whose sender hung up before the first answer",
        passed="Processed an event once, although its sender hung up before the first answer",
        failed="Refused, lost or repeated an event whose sender hung up before the first answer",
        source="docs.stripe.com and docs.github.com, Webhooks: what takes too long has failed, and comes again",
        fix="Note an id as processed in the transaction of its effect: a handler that is cancelled, because nobody "
        "waits for its answer, must leave neither or both.",
    ),
    _again(
        "duplicates-rewritten",
        summary="one event delivered again with its body written in another way",
        passed="Processed an event once, although it was delivered again with its body written in another way",
        failed="Refused, lost or repeated an event that was delivered again with its body written in another way",
        source="Standard Webhooks, Idempotency; docs.stripe.com, Webhooks: log the event ids you have processed",
        fix="Recognise an event by its id alone, not by its body or by a hash of it.",
    ),
)
