"""Group F, dead letters: an event that cannot be processed is stored whole, and can be retried."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from harness.errors import ProbeError
from harness.model import Delivery, Event, Outcome
from harness.model.cause import OF_RECEIVER
from harness.webhooks.drills.drill import Caused, Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.forgeries import processed_anyway
from harness.webhooks.drills.shared import Unprocessable
from harness.webhooks.effects import pause
from harness.webhooks.probes import Row
from harness.webhooks.processing_results import lies
from harness.webhooks.rewriting import hard_to_rewrite

_REDRIVEN_S = 10.0
_REDRIVEN_LATER_S = 30.0
"""Time for a retry, and where it waits behind a burst that is not yet processed."""
_REDRIVE_POLL_S = 0.01

SOURCE = "the integration guide, Webhooks: dead-letter queue"
KEEP = "After the last failed attempt, move the event to a dead-letter table with id, reason, attempts and raw body."
_NONE = OF_RECEIVER.of("keeps no dead letter of an event that it cannot process")


def _provoke(context: DrillContext) -> None:
    """Deliver the event that cannot be processed; its last attempt may come much later."""
    if context.config.unprocessable is not None and context.dead_letter_of is not None:
        event = context.receiver.fresh(context.read(context.config.unprocessable))
        changed = hard_to_rewrite(event)
        answer = context.receiver.deliver(changed)
        if not answer.acknowledged and changed is not event:  # for a member that it does not know
            changed, answer = event, context.receiver.deliver(event)
        context.shared.unprocessable = Unprocessable(event=changed, answer=answer)


def unprocessable(context: DrillContext) -> Unprocessable:
    """Return the event that cannot be processed, with its dead letter or why there is none; waits only once."""
    if context.shared.unprocessable is None:
        _provoke(context)
    found = context.shared.unprocessable
    assert found is not None
    if found.letter is None and not found.missing:
        _await_letter(context, found)
    return found


def _await_letter(context: DrillContext, found: Unprocessable) -> None:
    """Wait for the dead letter, as long after the delivery as harness.toml allows."""
    if not found.answer.acknowledged:
        found.missing = f"[receiver] unprocessable was not acknowledged: {found.answer.seen}"
        return
    row, is_letter = letter_of(context, found.event, found.delivered_at)
    if is_letter:
        found.letter = row
        return
    known = f"the dead letter query returns {dict(row)}" if row else "the dead letter query returns nothing"
    found.missing = f"acknowledged, but no dead letter within {context.dead_letters.within:g} s; {known}"


def letter_of(context: DrillContext, event: Event, delivered_at: float) -> tuple[Row | None, bool]:
    """Wait for the dead letter of an event; return what is known of it, and whether that is a dead letter."""
    assert context.dead_letter_of is not None
    start = time.monotonic()
    deadline = delivered_at + context.dead_letters.within
    while True:
        row = context.dead_letter_of(event.id)
        there = row is not None and lies(row, context.dead_letters.when)
        now = time.monotonic()
        if there or now >= deadline:
            return row, there
        time.sleep(pause(now - start))


def of_letter(look: Callable[[DrillContext, Event, Row], Judgement], context: DrillContext) -> Judgement | Caused:
    """Judge the event that cannot be processed by ``look``, where there is a dead letter of it."""
    found = unprocessable(context)
    if found.letter is None:
        return Caused(Outcome.FAIL, found.missing, _NONE)
    return look(context, found.event, found.letter)


def _there(context: DrillContext, event: Event, _row: Row) -> Judgement:
    _another(context)  # so that it fails while other drills run
    delivered_again(context)
    return Outcome.PASS, f"{event.id} is stored as a dead letter"


def _with_reason(context: DrillContext, _event: Event, row: Row) -> Judgement:
    return passes_if(
        bool(row.get(context.dead_letters.reason)), f"the reason is {row.get(context.dead_letters.reason)!r}"
    )


def _with_attempts(context: DrillContext, _event: Event, row: Row) -> Judgement:
    number = row.get(context.dead_letters.attempts)
    counted = isinstance(number, int) and not isinstance(number, bool) and number > 0
    return passes_if(counted, f"the number of attempts is {number!r}")


def _with_body(context: DrillContext, event: Event, row: Row) -> Judgement:
    given = row.get(context.dead_letters.body)
    body = _encoded(given) if isinstance(given, str) else given
    forms = (event.body, base64.b64encode(event.body), hashlib.sha256(event.body).hexdigest().encode())
    size = f"{len(body)} bytes" if isinstance(body, bytes) else repr(given)
    return passes_if(
        isinstance(body, bytes) and body in forms, f"the raw body of {len(event.body)} bytes is stored as {size}"
    )


def _encoded(text: str) -> bytes:
    """Return text as bytes; those that are no UTF-8 may be in it as Python reads them, or as JSON does."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def _again(context: DrillContext, event: Event, row: Row) -> Judgement:
    before = row.get(context.dead_letters.attempts)
    seen, ended = threading.Event(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(context, event, before, seen, ended), daemon=True)
    watcher.start()  # before the command, for a quick worker is done again at once
    try:
        context.run(context.dead_letters.redrive, event.id, "[receiver.dead_letters] redrive")
        burst = context.shared.burst
        within_s = _REDRIVEN_LATER_S if burst and burst.lost != [] else _REDRIVEN_S
        moved = seen.wait(within_s)
    finally:
        ended.set()
        watcher.join()
    if not moved:
        return Outcome.FAIL, f"{event.id} was not retried after the redrive command"
    return _at_rest(context, event, begins_by=time.monotonic() + within_s)


def _at_rest(context: DrillContext, event: Event, *, begins_by: float) -> Judgement:
    """A retry ends with the effect or with a dead letter: its sender, who saw it acknowledged, sends it no more."""
    retried = f"{event.id} was retried after the redrive command"
    if context.receiver.probe is None:
        return Outcome.PASS, retried
    row, is_letter = letter_of(context, event, begins_by)
    if is_letter or context.probe.effects(event.id):
        return Outcome.PASS, retried
    known = f"returns {dict(row)}" if row else "returns nothing"
    return Outcome.FAIL, f"{retried}, and then lost: it has no effect, and the dead letter query {known}"


def _watch(context: DrillContext, event: Event, attempts: Any, seen: threading.Event, ended: threading.Event) -> None:
    """Notice that an event is no dead letter any more, was tried more often, or had its effect."""
    assert context.dead_letter_of is not None
    while not ended.wait(_REDRIVE_POLL_S):
        try:
            row = context.dead_letter_of(event.id)
        except ProbeError:
            continue
        if (
            row is None
            or not lies(row, context.dead_letters.when)
            or row.get(context.dead_letters.attempts) != attempts
        ):
            seen.set()
            return


def _another(context: DrillContext) -> tuple[Event, Delivery]:
    """Deliver a second event that cannot be processed, once, after the dead letter of the first is there."""
    found = context.shared.unprocessable
    assert found is not None
    if found.another is None:
        event = context.receiver.fresh(context.read(str(context.config.unprocessable)))
        found.another = (event, context.receiver.deliver(event))
    return found.another


def delivered_again(context: DrillContext) -> Delivery:
    """Deliver the event once more after its dead letter is there; return the response. Only the first call does so."""
    found = context.shared.unprocessable
    assert found is not None
    if found.again is None:
        found.again = context.receiver.deliver(found.event)
    return found.again


def _of_each(context: DrillContext, event: Event, _row: Row) -> Judgement:
    assert context.dead_letter_of is not None
    other, answer = _another(context)
    if not answer.acknowledged:
        return Outcome.FAIL, f"the second event was not acknowledged: {answer.seen}"
    second = letter_of(context, other, time.monotonic())[1]
    row = context.dead_letter_of(event.id)
    first = row is not None and lies(row, context.dead_letters.when)
    seen = [
        f"the {which} one is {'' if there else 'not '}there" for which, there in (("first", first), ("second", second))
    ]
    return passes_if(first and second, f"of two dead letters, {' and '.join(seen)}")


def _not_of_forgeries(context: DrillContext) -> Judgement:
    assert context.dead_letter_of is not None
    if reason := processed_anyway(context):
        return Outcome.NOT_APPLICABLE, reason
    event = context.fresh()
    answer = context.receiver.send(event, context.receiver.forged(event))
    row = context.dead_letter_of(event.id)
    return passes_if(row is None, f"{answer.seen}; stored: {'nothing' if row is None else dict(row)}")


letter_drill = partial(
    Drill,
    item="webhooks.dead-letter",
    source=SOURCE,
    fix=KEEP,
    needs=("receiver.unprocessable", "receiver.dead_letters"),
    ahead=_provoke,
)

DRILLS: tuple[Drill, ...] = (
    letter_drill(
        id="dead-letter",
        summary="an event whose processing always fails",
        passed="Stored a dead letter for an event that cannot be processed",
        failed="Refused an event that cannot be processed, or stored no dead letter for it",
        expected="HTTP 2xx, and a dead letter after the last attempt",
        run=partial(of_letter, _there),
    ),
    letter_drill(
        id="dead-letter-reason",
        summary="the reason of a dead letter",
        passed="Stored a dead letter with its reason",
        failed="Stored no dead letter with its reason",
        expected="a text that is not empty",
        run=partial(of_letter, _with_reason),
    ),
    letter_drill(
        id="dead-letter-attempts",
        summary="the number of attempts of a dead letter",
        passed="Stored a dead letter with its number of attempts",
        failed="Stored no dead letter with its number of attempts",
        expected="a whole number above 0",
        run=partial(of_letter, _with_attempts),
    ),
    letter_drill(
        id="dead-letter-body",
        summary="the raw body of a dead letter",
        passed="Stored a dead letter with its raw body",
        failed="Stored no dead letter with its raw body",
        expected="the delivered bytes as text or in base64, or their SHA-256",
        run=partial(of_letter, _with_body),
    ),
    letter_drill(
        id="dead-letter-of-forgery",
        summary="the dead letters after a forged event",
        passed="Stored no dead letter for a forged event",
        failed="Stored a dead letter for a forged event",
        expected="no dead letter of a refused delivery",
        source="CWE-770",
        fix="Store nothing from a delivery that was not verified; otherwise anybody can fill your disk.",
        needs=("receiver.dead_letters",),
        ahead=None,
        run=_not_of_forgeries,
    ),
)
LATER: tuple[Drill, ...] = (
    letter_drill(
        id="dead-letter-of-each",
        summary="the dead letters of two events",
        passed="Stored the dead letter of each of two events",
        failed="Stored the dead letter of only one of two events",
        expected="a dead letter of each, whatever they have in common",
        fix="Store each dead letter under the id of its event, and overwrite none.",
        run=partial(of_letter, _of_each),
    ),
    letter_drill(
        id="dead-letter-redriven",
        summary="a dead letter after the redrive command",
        passed="Retried a dead letter after the redrive command",
        failed="Did not retry a dead letter after the redrive command, or lost it then",
        expected="another attempt, and after it the effect or a dead letter again",
        fix="Offer a command that queues a dead letter again, so that a worker retries it, and delete the dead letter "
        "only in the transaction of its effect.",
        needs=("receiver.unprocessable", "receiver.dead_letters", "receiver.dead_letters.redrive"),
        run=partial(of_letter, _again),
    ),
)
"""Those that wait for another event of their own, or change what the others look at."""
