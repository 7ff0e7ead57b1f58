"""Group F, acknowledgement: within the time limit, even while processing is slow, and in a burst."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from harness.model import Delivery, Event, Level, Outcome
from harness.webhooks.drills.drill import Caused, Drill, Judgement, passes_if, too_fast
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.duplicates import REPEATS, deliver_dated
from harness.webhooks.drills.rate_limit import limited
from harness.webhooks.drills.shared import Burst
from harness.webhooks.effects import QUIET_S, counted

ORDINARY = 60
ORDINARY_AT_ONCE = 4
SLOW_AT_ONCE = 4
BURST = 200
BURST_AT_ONCE = 32
BURST_SETTLES_S = 30.0
ASKED_AT_ONCE = 4
SOON_S = 0.5
"""Seconds up to which an acknowledgement did not wait for the processing of a slow event."""

_BUDGETS = (
    "docs.slack.dev: 3 s; developers.zoom.us: 3 s; shopify.dev: 5 s; docs.github.com: 10 s; "
    "Standard Webhooks: 15 to 30 s"
)
_STORE_FIRST = "Store the event, answer, and then process it in a worker."


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of ``values`` that is at least as large as the given share of them (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]


def _times(answers: Sequence[Delivery]) -> str:
    seconds = [a.seconds for a in answers]
    p50, p99 = (percentile(seconds, s) * 1000 for s in (0.5, 0.99))
    connect = percentile([a.connect_s for a in answers], 0.99) * 1000
    first = percentile([a.first_byte_s for a in answers], 0.99) * 1000
    return (
        f"{len(answers)} deliveries: p50 {p50:.0f} ms, p99 {p99:.0f} ms, slowest {max(seconds) * 1000:.0f} ms "
        f"(p99 of the connection {connect:.0f} ms, of the first byte {first:.0f} ms)"
    )


def _in_budget(context: DrillContext, answers: Sequence[Delivery]) -> Judgement:
    refused = [a for a in answers if not a.acknowledged]
    if refused:
        if beside := limited(refused):
            return beside
        return Outcome.FAIL, f"{len(refused)} of {len(answers)} not acknowledged: {refused[0].seen}"
    budget = context.config.ack_within
    p99 = percentile([a.seconds for a in answers], 0.99)
    return passes_if(p99 <= budget, f"{_times(answers)}; the limit is {budget * 1000:.0f} ms")


def _ordinary(context: DrillContext) -> Judgement:
    events = [context.fresh() for _ in range(ORDINARY)]
    return _in_budget(context, context.deliver_at_once(events, concurrency=ORDINARY_AT_ONCE))


def _while_slow(context: DrillContext) -> Judgement:
    slow = context.read(str(context.config.slow))

    def deliver(event: Event) -> tuple[Delivery, int]:
        answer = context.receiver.deliver(event)
        return answer, context.probe.effects(event.id)

    with ThreadPoolExecutor(SLOW_AT_ONCE, thread_name_prefix="slow") as pool:
        going_on = [pool.submit(deliver, context.receiver.subject(slow)) for _ in range(SLOW_AT_ONCE)]
        ordinary = context.deliver_at_once([context.fresh() for _ in range(ORDINARY)], concurrency=ORDINARY_AT_ONCE)
        slowly = [each.result() for each in going_on]
    done_first = [answer for answer, effects in slowly if effects and answer.acknowledged]
    if done_first and max(a.seconds for a in done_first) > SOON_S:
        took = max(a.seconds for a in done_first)
        return Outcome.FAIL, f"acknowledged after {took:.1f} s, once the slow event was processed"
    if done_first:
        return too_fast(slow)
    return _in_budget(context, [*ordinary, *(answer for answer, _ in slowly)])


def _many(context: DrillContext) -> Burst:
    """Deliver an event, then many at once, then the first one again; only once."""
    if context.shared.burst is None:
        before, first = context.shared.earliest or _delivered(context)
        events = [context.fresh() for _ in range(BURST)]
        answers = context.deliver_at_once(events, concurrency=BURST_AT_ONCE)
        again = context.receiver.deliver(before)
        last = context.fresh()
        # What a burst has used up is to recover before anything else is judged.
        context.receiver.alive = context.receiver.deliver(last).acknowledged
        burst = Burst(events=events, answers=answers, before=before, first=first, again=again)
        burst.last = last if context.receiver.alive else None
        context.shared.burst = burst
    return context.shared.burst


def _delivered(context: DrillContext) -> tuple[Event, Delivery]:
    event = context.fresh()
    return event, deliver_dated(context, event, -1)


def _after_many(context: DrillContext) -> Judgement | Caused:
    """Judge the event that was delivered again after many others."""
    burst = _many(context)
    answers = (burst.first, burst.again)
    if refused := [a for a in answers if not a.acknowledged]:
        return Outcome.NOT_APPLICABLE, f"{refused[0].seen} beside a burst, as the drills of bursts and duplicates judge"
    _lost(context, burst)
    time.sleep(max(0.0, burst.waited_until + QUIET_S - time.monotonic()))
    effects = context.probe.effects(burst.before.id)
    seen = f"delivered before and after {BURST} other events: {counted(effects)}"
    return Caused(*passes_if(effects == 1, seen), REPEATS if effects > 1 else "")


def _burst(context: DrillContext) -> Judgement:
    burst = _many(context)
    answers, taken = burst.answers, burst.taken
    busy = [a for a in answers if a.status in (429, 503)]
    other = [a for a in answers if not a.acknowledged and a not in busy]
    if other:
        return (
            Outcome.FAIL,
            f"{len(other)} of {BURST} neither acknowledged nor refused with 429 or 503: {other[0].seen}",
        )
    silent = [a for a in busy if "retry-after:" not in a.whole.lower()]
    if silent:
        return Outcome.FAIL, f"{len(silent)} of {BURST} refused with {silent[0].status} but without Retry-After"
    lost = _lost(context, burst)
    if lost:
        waited = len(taken) + (burst.last is not None)  # with the event after the burst
        return Outcome.FAIL, f"{len(lost)} of {waited} acknowledged events had no effect within {BURST_SETTLES_S:g} s"
    outcome, seen = (
        _in_budget(context, [a for a in answers if a.acknowledged]) if taken else (Outcome.FAIL, "none acknowledged")
    )
    return outcome, f"{len(taken)} acknowledged and processed, {len(busy)} deferred; {seen}"


def _lost(context: DrillContext, burst: Burst) -> list[str]:
    """Wait for the effects of a burst, once; return which there are none of.

    The event after it is asked about first: once that is processed, most others are too, and each question costs time.
    Where all are, nothing waits any more, and what comes later is a late effect.
    """
    if burst.lost is None:
        deadline, ids = time.monotonic() + BURST_SETTLES_S, [burst.before.id, *burst.taken]
        if burst.last:
            ids.append(burst.last.id)
            context.probe.wait(burst.last.id, within_s=BURST_SETTLES_S)
        burst.waited_until = time.monotonic()
        burst.lost = _without_effect(context, ids, until=burst.waited_until)
        if burst.lost or not burst.last:
            burst.lost = _without_effect(context, burst.lost, until=deadline)
            burst.waited_until = time.monotonic()
    return [each for each in burst.lost if each != burst.before.id]


def _without_effect(context: DrillContext, event_ids: Sequence[str], *, until: float) -> list[str]:
    """Return the events that have no effect when the time is over, on the monotonic clock."""

    def effects(event_id: str) -> int:
        return context.probe.wait(event_id, within_s=max(0.0, until - time.monotonic()))

    with ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="effects") as pool:
        return [each for each, count in zip(event_ids, pool.map(effects, event_ids), strict=True) if not count]


_ack = partial(
    Drill,
    item="webhooks.ack",
    expected="HTTP 2xx within [receiver] ack_within at p99",
    source=_BUDGETS,
    fix=_STORE_FIRST,
    alone=True,
)

DRILLS: tuple[Drill, ...] = (
    _ack(
        id="ack-latency",
        summary=f"the acknowledgement times of {ORDINARY} deliveries",
        passed=f"Acknowledged {ORDINARY} deliveries within the time limit",
        failed=f"Did not acknowledge {ORDINARY} deliveries within the time limit",
        needs=(),
        run=_ordinary,
    ),
    Drill(
        id="burst",
        item="webhooks.burst",
        alone=True,
        under_load=True,
        level=Level.SHOULD,
        summary=f"{BURST} events, {BURST_AT_ONCE} in parallel",
        passed=f"Handled a burst of {BURST} events without losing any",
        failed=f"Lost, delayed or wrongly refused events in a burst of {BURST}",
        expected="each acknowledged within [receiver] ack_within and processed, or refused with 429 or 503 and "
        "Retry-After",
        source="shopify.dev, Best practices for webhooks: manage bursts",
        fix="Store each event before you answer, bound the queue, and answer 503 with Retry-After while it is full.",
        run=_burst,
    ),
)
SLOW: tuple[Drill, ...] = (
    _ack(
        id="ack-while-slow",
        summary="the acknowledgement times of deliveries while slow events are processed",
        passed="Acknowledged deliveries within the time limit while processing slow events",
        failed="Delayed or refused deliveries while processing slow events",
        needs=("receiver.effects", "receiver.slow"),
        run=_while_slow,
    ),
)
"""Those whose events occupy the workers of the receiver for a while."""
LATER: tuple[Drill, ...] = (
    Drill(
        id="duplicates-after-others",
        item="webhooks.idempotent",
        alone=True,
        summary=f"one event delivered again after {BURST} others",
        passed=f"Processed an event once, although it was delivered again after {BURST} others",
        failed=f"Lost or repeated an event that was delivered again after {BURST} others",
        expected="HTTP 2xx each time, and exactly one effect",
        source="Standard Webhooks, Idempotency; senders try again for days",
        fix="Store the ids of processed events for as long as the sender may try again, not only the latest ones.",
        run=_after_many,
    ),
)
"""What is judged some time after a burst."""
