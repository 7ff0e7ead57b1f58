"""Group A, side by side: what a receiver finds out about one delivery decides nothing about another one."""

from __future__ import annotations

from harness.http.message import Request
from harness.model import Delivery, Event, Outcome
from harness.webhooks.cases.receiver_case import unauthenticated
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.forgeries import effects_beside_later, lone_forgery, processed_anyway
from harness.webhooks.drills.rate_limit import limited
from harness.webhooks.effects import counted

PAIRS = (2, 2, 2, 2, 2, 16)
"""Forgeries of each round, with as many genuine deliveries; the last round is one under load."""
_REFUSED = (400, 401, 403)
FORGERIES = 20

Made = tuple[Event, Request]


def _forged_among_genuine(context: DrillContext) -> Judgement:
    """Deliver forgeries and genuine events in turns, all at the same time, so that each is beside one of the others."""
    receiver = context.receiver
    if reason := processed_anyway(context):
        return Outcome.NOT_APPLICABLE, reason
    forged: list[tuple[Event, Delivery]] = []
    genuine: list[Delivery] = []
    for number, pairs in enumerate(PAIRS):
        made = [make(context) for _ in range(pairs) for make in (_forgery, _genuine)]
        answers = receiver.send_at_once(made if number % 2 else made[::-1])
        answers = answers if number % 2 else answers[::-1]
        forged += [(event, answer) for (event, _), answer in zip(made[::2], answers[::2], strict=True)]
        genuine += answers[1::2]
    return _judged(context, forged, genuine)


def _judged(context: DrillContext, forged: list[tuple[Event, Delivery]], genuine: list[Delivery]) -> Judgement:
    if beside := limited([*genuine, *(answer for _, answer in forged)]):
        return beside
    taken = [event for event, answer in forged if answer.acknowledged]
    effects = effects_beside_later(context, *(event for event, _ in forged))
    refused = [answer for answer in genuine if answer.status in _REFUSED]
    seen = (
        f"{len(taken)} of {len(forged)} forgeries acknowledged, {counted(effects)} of them; "
        f"{len(refused)} of {len(genuine)} genuine deliveries refused"
    )
    accepted = taken and not lone_forgery(context).answer.acknowledged  # else it ignores what it acknowledges
    return passes_if(not (accepted or effects or refused), seen)


def _of_known_event(context: DrillContext) -> Judgement:
    """Deliver an event, and once it is processed a forgery with its id."""
    receiver = context.receiver
    if reason := unauthenticated(receiver.scheme):
        return Outcome.NOT_APPLICABLE, reason
    if lone_forgery(context).answer.acknowledged:
        return Outcome.NOT_APPLICABLE, "a forgery with an id of its own is acknowledged too, which other checks judge"
    event = context.fresh()
    if fault := context.without_effect(event):
        return Outcome.ERROR, fault
    answer = receiver.send(event, receiver.forged(event))
    if beside := limited([answer]):
        return beside
    return passes_if(not answer.acknowledged, f"a forgery with the id of a processed event: {answer.seen}")


def _after_forgeries(context: DrillContext) -> Judgement:
    """Deliver an event after forgeries, one after another; those of other checks came before."""
    receiver = context.receiver
    if reason := unauthenticated(receiver.scheme):
        return Outcome.NOT_APPLICABLE, reason
    for event, forged in (_forgery(context) for _ in range(FORGERIES)):
        receiver.send(event, forged)
    answer = receiver.deliver(context.fresh())
    if beside := limited([answer]):
        return beside
    return passes_if(answer.acknowledged, f"a genuine delivery after {FORGERIES} forgeries: {answer.seen}")


def _forgery(context: DrillContext) -> Made:
    event = context.fresh()
    return event, context.receiver.forged(event)


def _genuine(context: DrillContext) -> Made:
    event = context.fresh()
    return event, context.receiver.material(event).signed()


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="forged-beside-genuine",
        item="webhooks.signatures",
        summary="forgeries and genuine deliveries at the same time",
        passed="Distinguished forgeries from genuine deliveries that came at the same time",
        failed="Took a forgery for genuine, or the other way round, when both came at the same time",
        expected="HTTP 4xx and no effect for each forgery, and no refusal of a genuine delivery",
        source="CWE-488, CWE-362",
        fix="Store what you know about a request with that request: never in a variable of a module or in an object "
        "that requests share; and verify under load as ever.",
        run=_forged_among_genuine,
    ),
    Drill(
        id="locked-out",
        item="webhooks.robust",
        after_forgeries=True,
        summary="a genuine delivery after forgeries",
        passed="Acknowledged a genuine delivery after forgeries",
        failed="Refused a genuine delivery because of forgeries before it",
        expected="HTTP 2xx, however many forgeries came before",
        source="CWE-645",
        fix="Refuse each delivery for what it is, and lock nobody out for what you cannot verify: anybody can send "
        "forgeries, and so shut the provider's events out. Release what a refused delivery holds.",
        needs=(),
        run=_after_forgeries,
    ),
    Drill(
        id="forged-of-known-event",
        item="webhooks.signatures",
        summary="a forgery with the id of a processed event",
        passed="Refused a forgery with the id of a processed event",
        failed="Acknowledged a forgery with the id of a processed event",
        expected="no HTTP 2xx, as for a forgery with an id of its own",
        source="CWE-696; Standard Webhooks, Verifying webhook authenticity",
        fix="Verify a delivery before you look its id up: what you know of an event vouches for no delivery.",
        run=_of_known_event,
    ),
)
