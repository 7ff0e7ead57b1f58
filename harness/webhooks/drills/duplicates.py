"""Groups B and D, once and only once: senders deliver again, at once, and in any order."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from harness.http.wire import ReceiverAnswer
from harness.model import Event, Level, Outcome
from harness.webhooks import effects as seen
from harness.webhooks.drills.drill import Drill, Judgement, told
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.effects import counted

AT_ONCE = 20

_ONCE = "HTTP 2xx each time, and exactly one effect"
_UNIQUE = (
    "Give the event id a unique constraint, store it in the transaction that makes the effect, and acknowledge an "
    "event whose id is there already."
)
_SOURCE = "Standard Webhooks, Idempotency; docs.stripe.com, Webhooks: handle duplicate events"


class _Delivered(NamedTuple):
    answers: Sequence[ReceiverAnswer]
    """To what must be acknowledged, each time."""
    before: str = ""
    """What came before it, in words."""


Deliver = Callable[[DrillContext, Event], _Delivered]


def _one_after_another(stage: DrillContext, event: Event) -> _Delivered:
    first = stage.deliver(event)
    stage.probe.wait(event.id, within_s=stage.receiver.settle_s)
    return _Delivered([*first, *stage.deliver(event, 2)])


def _exactly_the_same(stage: DrillContext, event: Event) -> _Delivered:
    built = stage.receiver.material(event).signed()
    return _Delivered([stage.receiver.send(event, built) for _ in range(3)])


def _at_once(stage: DrillContext, event: Event) -> _Delivered:
    return _Delivered(stage.deliver_at_once([event] * AT_ONCE, concurrency=AT_ONCE))


def _after_a_forgery(stage: DrillContext, event: Event) -> _Delivered:
    material = stage.receiver.material(event)
    forged = stage.receiver.send(event, material.signed(secret=material.scheme.new_secret()))
    return _Delivered(stage.deliver(event), before=f"forged: {forged.seen}; then genuine: ")


def _after_a_cut(stage: DrillContext, event: Event) -> _Delivered:
    built = stage.receiver.material(event).signed()
    wire = stage.receiver.wire
    head = wire.head("POST", (*built.headers, ("content-length", str(len(built.body)))), query=built.query)
    wire.abandon([head, built.body[: len(built.body) // 2]])
    return _Delivered(stage.deliver(event))


_REPEATED: tuple[Deliver, ...] = (_one_after_another, _exactly_the_same, _at_once, _after_a_forgery, _after_a_cut)


class _Repeated(NamedTuple):
    """Each way of delivering again, with its event and what came of it; all are played together, for one wait."""

    delivered: dict[Deliver, tuple[Event, _Delivered]]
    done_at: float
    """When each event had its first effect, on the monotonic clock."""


def _repeat(stage: DrillContext) -> None:
    if stage.receiver.probe is None:
        return
    delivered = {deliver: (event := stage.fresh(), deliver(stage, event)) for deliver in _REPEATED}
    for event, _ in delivered.values():
        stage.probe.wait(event.id, within_s=stage.receiver.settle_s)
    stage.kept["repeated"] = _Repeated(delivered, time.monotonic())


def _once(deliver: Deliver, stage: DrillContext) -> Judgement:
    """Judge one way of delivering again, once whatever comes late would have come."""
    if "repeated" not in stage.kept:
        _repeat(stage)
    repeated: _Repeated = stage.kept["repeated"]
    time.sleep(max(0.0, repeated.done_at + seen.QUIET_S - time.monotonic()))
    event, (answers, before) = repeated.delivered[deliver]
    refused = [a for a in answers if not a.acknowledged]
    if refused:
        return Outcome.FAIL, f"{before}{len(refused)} of {len(answers)} not acknowledged: {refused[0].seen}"
    effects = stage.probe.effects(event.id)
    answered = answers[0].seen if len(answers) == 1 else f"{len(answers)} acknowledged"
    return told(effects == 1, f"{before}{answered}, {counted(effects)}")


def _out_of_order(stage: DrillContext) -> Judgement:
    in_order, reversed_ = (_state_after(stage, backwards=b) for b in (False, True))
    if isinstance(in_order, str) or isinstance(reversed_, str):
        return Outcome.ERROR, in_order if isinstance(in_order, str) else str(reversed_)
    return told(in_order == reversed_, f"in order it came to {in_order}, out of order to {reversed_}")


def _state_after(stage: DrillContext, *, backwards: bool) -> dict[str, Any] | str:
    """Return the state of a new object after both events, or why it is not known."""
    order = stage.config.order
    assert order is not None
    assert stage.state_of is not None
    events = [stage.read(order.earlier), stage.read(order.later)]
    object_id = _value(events[0], order.object)
    if not object_id:
        return f"[receiver.order] object: {order.earlier} holds no text at {order.object!r}"
    new_id = _like(object_id)
    for event in reversed(events) if backwards else events:
        about = _about(event, _value(event, order.object), new_id)
        subject = stage.receiver.fresh(about)
        answer = stage.receiver.deliver(subject)
        if not answer.acknowledged:
            return f"{event.name}: {answer.seen}"
        if not stage.probe.wait(subject.id, within_s=stage.receiver.settle_s):
            return f"{event.name} had no effect within {stage.receiver.settle_s:g} s"
    state = stage.state_of(new_id)
    return dict(state) if state else f"[receiver.order] state: nothing is known of {new_id}"


def _value(event: Event, dotted: str) -> str:
    found: Any = json.loads(event.body)
    for key in dotted.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _about(event: Event, old: str, new: str) -> Event:
    return msgspec.structs.replace(event, body=event.body.replace(json.dumps(old).encode(), json.dumps(new).encode()))


def _like(object_id: str) -> str:
    """Return a new id of the same length and beginning."""
    kept = object_id[: max(0, len(object_id) - 16)]
    return kept + secrets.token_hex(16)[: len(object_id) - len(kept)]


_drill = partial(Drill, item="webhooks.idempotent", expected=_ONCE, source=_SOURCE, fix=_UNIQUE, ahead=_repeat)

DRILLS: tuple[Drill, ...] = (
    _drill(id="duplicates", summary="one event three times, one after another", run=partial(_once, _one_after_another)),
    _drill(
        id="exact-replay",
        summary="the very same request three times",
        source="Standard Webhooks, Idempotency: the id also stops replays within the tolerance",
        run=partial(_once, _exactly_the_same),
    ),
    _drill(id="duplicates-at-once", summary=f"one event {AT_ONCE} times at once", run=partial(_once, _at_once)),
    _drill(
        id="genuine-after-forged",
        summary="a forged event, then the genuine one of that id",
        expected="HTTP 2xx and one effect for the genuine one",
        fix="Remember an id only once its delivery was verified.",
        run=partial(_once, _after_a_forgery),
    ),
    _drill(
        id="whole-after-cut",
        summary="half a request, then the whole one",
        expected="HTTP 2xx and one effect for the whole one",
        source="docs.github.com, Handling failed webhook deliveries; a sender delivers again after a failure",
        fix="Remember an id in the transaction that stores its event, not before.",
        run=partial(_once, _after_a_cut),
    ),
    _drill(
        id="out-of-order",
        level=Level.SHOULD,
        summary="a later event before an earlier one",
        expected="the same state as in order",
        source="docs.stripe.com, Webhooks: event ordering is not guaranteed",
        fix="Let an object's state only move forward, or ask the provider for it instead of trusting the order.",
        needs=("receiver.effects", "receiver.order"),
        ahead=None,
        run=_out_of_order,
    ),
)
