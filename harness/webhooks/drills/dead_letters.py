"""Group F, dead letters: what cannot be processed is kept whole, and can be driven again."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from harness.errors import ProbeError
from harness.http.wire import ReceiverAnswer
from harness.model import Event, Outcome
from harness.webhooks.drills.drill import Drill, Judgement, told
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.effects import pause
from harness.webhooks.probes import Row
from harness.webhooks.processing_results import lies

_REDRIVEN_S = 10.0
_REDRIVE_POLL_S = 0.01

_SOURCE = "the integration guide, Webhooks: dead-letter queue"
_KEEP = "Move an event that failed its last attempt to a dead-letter table, with id, reason, attempts and raw body."


def _provoke(stage: DrillContext) -> None:
    """Deliver the event that cannot be processed; its last attempt may be a while away."""
    if stage.config.unprocessable is not None and stage.dead_letter_of is not None:
        event = stage.receiver.fresh(stage.read(stage.config.unprocessable))
        stage.kept["unprocessable"] = event, stage.receiver.deliver(event)


def _dead_letter(stage: DrillContext) -> tuple[Event, Row] | str:
    """Return the event that cannot be processed with its dead letter, or why there is none; waited for once."""
    if "unprocessable" not in stage.kept:
        _provoke(stage)
    if "dead letter" not in stage.kept:
        stage.kept["dead letter"] = _awaited(stage, *stage.kept["unprocessable"])
    found: tuple[Event, Row] | str = stage.kept["dead letter"]
    return found


def _awaited(stage: DrillContext, event: Event, answer: ReceiverAnswer) -> tuple[Event, Row] | str:
    assert stage.dead_letter_of is not None
    if not answer.acknowledged:
        return f"[receiver] unprocessable was not acknowledged: {answer.seen}"
    start = time.monotonic()
    row = None
    while (waited := time.monotonic() - start) < stage.dead_letters.within:
        row = stage.dead_letter_of(event.id)
        if row is not None and lies(row, stage.dead_letters.when):
            return event, row
        time.sleep(pause(waited))
    known = f"what is known of it: {dict(row)}" if row else "nothing is known of it"
    return f"acknowledged, but no dead letter within {stage.dead_letters.within:g} s; {known}"


def _kept(look: Callable[[DrillContext, Event, Row], Judgement], stage: DrillContext) -> Judgement:
    found = _dead_letter(stage)
    return (Outcome.FAIL, found) if isinstance(found, str) else look(stage, *found)


def _there(_stage: DrillContext, event: Event, _row: Row) -> Judgement:
    return Outcome.PASS, f"{event.id} is kept as a dead letter"


def _with_reason(stage: DrillContext, _event: Event, row: Row) -> Judgement:
    return told(bool(row.get(stage.dead_letters.reason)), f"the reason is {row.get(stage.dead_letters.reason)!r}")


def _with_attempts(stage: DrillContext, _event: Event, row: Row) -> Judgement:
    number = row.get(stage.dead_letters.attempts)
    counted = isinstance(number, int) and not isinstance(number, bool) and number > 0
    return told(counted, f"the number of attempts is {number!r}")


def _with_body(stage: DrillContext, event: Event, row: Row) -> Judgement:
    given = row.get(stage.dead_letters.body)
    body = given.encode(errors="surrogateescape") if isinstance(given, str) else given
    forms = (event.body, base64.b64encode(event.body), hashlib.sha256(event.body).hexdigest().encode())
    size = f"{len(body)} bytes" if isinstance(body, bytes) else repr(given)
    return told(isinstance(body, bytes) and body in forms, f"the raw body of {len(event.body)} bytes is kept as {size}")


def _again(stage: DrillContext) -> Judgement:
    found = _dead_letter(stage)
    if isinstance(found, str):
        return Outcome.FAIL, found
    event, row = found
    before = row.get(stage.dead_letters.attempts)
    seen, ended = threading.Event(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(stage, event, before, seen, ended), daemon=True)
    watcher.start()  # before the command, for a quick worker is done again at once
    try:
        stage.run(stage.dead_letters.redrive, event.id, "[receiver.dead_letters] redrive")
        moved = seen.wait(_REDRIVEN_S)
    finally:
        ended.set()
        watcher.join()
    return told(moved, f"{event.id} was {'taken up again' if moved else 'not taken up'} after it was driven again")


def _watch(stage: DrillContext, event: Event, attempts: Any, seen: threading.Event, ended: threading.Event) -> None:
    """Notice that an event is no dead letter any more, was tried more often, or had its effect."""
    assert stage.dead_letter_of is not None
    while not ended.wait(_REDRIVE_POLL_S):
        try:
            row = stage.dead_letter_of(event.id)
        except ProbeError:
            continue
        if row is None or not lies(row, stage.dead_letters.when) or row.get(stage.dead_letters.attempts) != attempts:
            seen.set()
            return


def _not_of_forgeries(stage: DrillContext) -> Judgement:
    assert stage.dead_letter_of is not None
    event = stage.fresh()
    material = stage.receiver.material(event)
    answer = stage.receiver.send(event, material.signed(secret=material.scheme.new_secret()))
    row = stage.dead_letter_of(event.id)
    return told(row is None, f"{answer.seen}; kept of it: {dict(row) if row else 'nothing'}")


_drill = partial(
    Drill,
    item="webhooks.dead-letter",
    source=_SOURCE,
    fix=_KEEP,
    needs=("receiver.unprocessable", "receiver.dead_letters"),
    ahead=_provoke,
)

DRILLS: tuple[Drill, ...] = (
    _drill(
        id="dead-letter",
        summary="an event whose processing keeps failing",
        expected="acknowledged, and a dead letter after the last attempt",
        run=partial(_kept, _there),
    ),
    _drill(
        id="dead-letter-reason",
        summary="the reason of a dead letter",
        expected="what went wrong",
        run=partial(_kept, _with_reason),
    ),
    _drill(
        id="dead-letter-attempts",
        summary="the attempts of a dead letter",
        expected="how often it was tried, at least once",
        run=partial(_kept, _with_attempts),
    ),
    _drill(
        id="dead-letter-body",
        summary="the raw body of a dead letter",
        expected="the bytes that were delivered, as text, in base64, or their SHA-256",
        run=partial(_kept, _with_body),
    ),
    _drill(
        id="dead-letter-redriven",
        summary="a dead letter driven again",
        expected="it is taken up again",
        fix="Offer a command that makes a dead letter new again, so that a worker takes it.",
        needs=("receiver.unprocessable", "receiver.dead_letters", "receiver.dead_letters.redrive"),
        run=_again,
    ),
    _drill(
        id="dead-letter-of-forgery",
        summary="a forged event among the dead letters",
        expected="nothing is kept of a delivery that was refused",
        source="CWE-770",
        fix="Keep nothing of a delivery that was not verified: anybody could fill your disk.",
        needs=("receiver.dead_letters",),
        ahead=None,
        run=_not_of_forgeries,
    ),
)
