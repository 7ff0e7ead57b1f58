"""One kill for many drills: the receiver dies while it has events at every stage of their processing.

Each stage is judged by a drill of its own. Made together, they cost one restart and one wait.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from harness.model import Delivery, Event
from harness.webhooks import effects as seen
from harness.webhooks.drills.dead_letters import unprocessable
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.duplicates import deliver_dated
from harness.webhooks.drills.shared import BeforeKill, Interrupted, KilledReceiver, Unprocessable

RECOVERS_S = 20.0
"""Time after a restart in which an acknowledged event must have its effect, in seconds."""
REPEATS_S = 6.0
"""Time after a restart in which a second processing of an event would show, in seconds.

Shorter where an event was interrupted: once that is processed, what was done before it would have been repeated.
"""
INTO_PROCESSING_S = 0.5
UNDER_WAY = 10
"""Deliveries that begin during the last one before the kill: whatever a receiver does with one, it then does with some.
"""
_QUEUE_S = 5.0
"""Time that a receiver may need for those events, in seconds, by what it needs for one: else there are fewer."""
SLOW_AT_ONCE = 2
_LATER = (409, 425, 429, 503)
_LATER_S = 0.5


def killed(context: DrillContext) -> KilledReceiver:
    """Return what became of the events that the receiver had when it was killed; kills it when first asked."""
    if context.shared.killed is None:
        context.shared.killed = _kill(context)
    return context.shared.killed


def interrupted(context: DrillContext) -> tuple[Interrupted, Interrupted]:
    """Return two slow events that the kill interrupted: one as it was, the other delivered again after the restart.

    Kills once more where a receiver with one worker had to finish them before the others.
    """
    found = killed(context)
    if all(each.effects_before for each in found.slow) and found.queued:
        found.slow = _kill(context, alone=True).slow
        found.queued = False
    first, second = found.slow
    return first, second


def _kill(context: DrillContext, *, alone: bool = False) -> KilledReceiver:
    """Bring events to every stage, kill, restart, deliver again, and wait; ``alone`` with slow events only."""
    letter = None if alone else _letter(context)
    repeated = None if alone else _delivered_again(context, _processed(context))
    with ThreadPoolExecutor(SLOW_AT_ONCE + 1 + UNDER_WAY, thread_name_prefix="slow") as pool:
        slow = _slowly(context, pool)
        meanwhile = _meanwhile(context, pool, slow)
        early = any(context.probe.effects(event.id) for event, _ in slow)
        began = time.monotonic()
        done = None if alone else _processed(context)
        takes_s = time.monotonic() - began
        before = [context.probe.effects(event.id) for event, _ in slow]
        if repeated:
            repeated = repeated._replace(effects=context.probe.effects(repeated.event.id))
        acknowledged, under_way = (None, []) if done is None else _last(context, pool, done, takes_s)
        context.restart()
        restarted_at = time.monotonic()
    found = KilledReceiver(
        letter=letter,
        repeated=repeated,
        done=done,
        acknowledged=acknowledged,
        slow=[
            Interrupted(event=event, answer=answer.result(), effects_before=effects)
            for (event, answer), effects in zip(slow, before, strict=True)
        ],
        under_way=[Interrupted(event=e, answer=sent, effects_before=0) for e, a in under_way if (sent := a.result())],
    )
    if meanwhile:
        found.slow[0].meanwhile = meanwhile.result()
    found.queued = bool(slow) and not early and not alone
    _again(context, found)
    _settle(context, found, restarted_at)
    return found


def _letter(context: DrillContext) -> Unprocessable | None:
    wanted = context.config.unprocessable is not None and context.dead_letter_of is not None
    return unprocessable(context) if wanted else None


def _delivered(context: DrillContext) -> BeforeKill:
    event = context.fresh()
    return BeforeKill(event, context.receiver.deliver(event))


def _processed(context: DrillContext) -> BeforeKill:
    """Deliver an event and wait for its effect."""
    found = _delivered(context)
    within_s = context.receiver.settle_s if found.answer.acknowledged else 0
    return found._replace(effects=context.probe.wait(found.event.id, within_s=within_s))


def _delivered_again(context: DrillContext, before: BeforeKill) -> BeforeKill:
    """Deliver an event once more, which shows whether it takes a restart to have it refused, or processed again.

    It is signed at another time, as it will be after the restart.
    """
    return before._replace(answer=deliver_dated(context, before.event, -1)) if before.effects else before


def _slowly(context: DrillContext, pool: ThreadPoolExecutor) -> list[tuple[Event, Future[Delivery]]]:
    """Deliver slow events, and wait until they are being processed; they may be answered only when that is done."""
    if context.config.slow is None:
        return []
    slow = context.read(context.config.slow)
    events = [context.receiver.subject(slow) for _ in range(SLOW_AT_ONCE)]
    answers = [(event, pool.submit(context.receiver.deliver, event)) for event in events]
    time.sleep(INTO_PROCESSING_S)
    return answers


def _meanwhile(
    context: DrillContext, pool: ThreadPoolExecutor, slow: list[tuple[Event, Future[Delivery]]]
) -> Future[Delivery] | None:
    """Deliver the first slow event once more where it is not answered yet, as a sender does that runs out of time."""
    if not slow or slow[0][1].done():
        return None
    return pool.submit(context.receiver.deliver, slow[0][0])


def _last(
    context: DrillContext, pool: ThreadPoolExecutor, before: BeforeKill, takes_s: float
) -> tuple[BeforeKill, list[tuple[Event, Future[Delivery | None]]]]:
    """Deliver an event until it is answered, and others from meanwhile on, which have no answer by then.

    ``before`` is one that took ``takes_s`` seconds to its effect.
    """
    number = min(UNDER_WAY, int(_QUEUE_S / takes_s))
    step_s = before.answer.seconds / (number + 1)
    ended = threading.Event()

    def deliver(event: Event, after_s: float) -> Delivery | None:
        return None if ended.wait(after_s) else context.receiver.deliver(event)

    events = [context.fresh() for _ in range(number)]
    others = [(event, pool.submit(deliver, event, n * step_s)) for n, event in enumerate(events, 1)]
    last = _delivered(context)
    ended.set()
    return last, others


def _again(context: DrillContext, found: KilledReceiver) -> None:
    """Deliver again, as a sender does that did not read the first answer."""
    if found.repeated:
        found.repeated_again = context.receiver.deliver(found.repeated.event)
    deadline = time.monotonic() + RECOVERS_S
    for each in (*found.slow[-1:], *found.unanswered):
        each.again = _until_free(context, each.event, deadline)


def _until_free(context: DrillContext, event: Event, deadline: float) -> Delivery:
    """Deliver an event, and again while the receiver asks for patience, such as until the lease of a claim ends."""
    answer = context.receiver.deliver(event)
    while answer.status in _LATER and time.monotonic() < deadline:
        time.sleep(_LATER_S)
        answer = context.receiver.deliver(event)
    return answer


def _settle(context: DrillContext, found: KilledReceiver, restarted_at: float) -> None:
    """Wait until what was acknowledged has its effect, and second effects had their time; then count."""
    probe = context.probe
    last = found.acknowledged
    waiting = [last.event] if last and last.answer.acknowledged else []
    at_hand = [*found.slow, *found.unanswered]
    waiting += [each.event for each in at_hand if each.promised]
    deadline = restarted_at + RECOVERS_S
    for event in waiting:
        probe.wait(event.id, within_s=max(0.0, deadline - time.monotonic()))
    was_at_hand = any(each.promised and not each.effects_before for each in found.slow)
    until = time.monotonic() + seen.QUIET_S if was_at_hand else restarted_at + max(REPEATS_S, seen.QUIET_S)
    time.sleep(max(0.0, until - time.monotonic()))
    others = [each for each in (found.repeated, found.done, last) if each]
    found.effects = {each.event.id: probe.effects(each.event.id) for each in others}
    for each in at_hand:
        each.effects = probe.effects(each.event.id)
