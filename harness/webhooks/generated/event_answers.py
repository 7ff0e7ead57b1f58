"""What comes of generated events: how each is answered and, where the integration can be asked, what it did with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from operator import not_
from typing import Any, Protocol

import msgspec

from harness.errors import ProbeError
from harness.model import Delivery, Finding, Level, Outcome, ProcessingResult
from harness.webhooks.generated.generated_events import Generated, GeneratedEvent

FIXTURES, ROBUST = "webhooks.fixtures", "webhooks.robust"
SOURCE = "OpenAPI Specification 3.1.1, webhooks"
VALID = "HTTP 2xx: the spec allows this event"
INVALID = "HTTP 4xx, or 2xx and a dead letter; never processed, never 5xx nor silence"
_LIMITED = 429
_FIX = (
    "Hold an event against the spec before anything is done because of it, and keep what does not fit as a dead "
    "letter. What you take on purpose all the same is waived by the id of this finding."
)
_SAID = {
    "unacknowledged": "are valid by the spec and not acknowledged",
    "trouble": "are signed right, break the spec, and bring trouble",
    "processed": "break the spec, and are processed all the same",
    "lost": "break the spec, are acknowledged, and vanish: no effect and no dead letter",
}
_UNSEEN = {
    "processed": (
        Level.MUST,
        'whether they are processed is not known; add to [receiver]: effects = { url = "http://…/{event_id}" }',
    ),
    "kept": (
        Level.SHOULD,  # that dead letters can be seen at all is for webhooks.dead-letter to ask
        'none is processed; whether they are kept is not known; add: [receiver.dead_letters] url = "http://…/{event_id}"',
    ),
}


class EventResults(Protocol):
    """Asks the integration what became of events."""

    effect_s: float
    """How long an effect may take, in seconds."""
    kept_s: float
    """How long a dead letter may take, in seconds."""

    def of(self, ids: Iterable[str], *, within_s: float = 0) -> Mapping[str, ProcessingResult]:
        """Return the upshot of each event once all are decided, or time is over; raises `ProbeError`."""


class EventReceiver(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the events are for."""

    send: Callable[[GeneratedEvent], Delivery]
    """Delivers one, signed right, under an id of its own; a delivery without an event id cannot be asked about."""
    kind: Callable[[GeneratedEvent], Any]
    """What the receiver tells an event's kind by: of another kind it may take it and do nothing."""
    upshots: EventResults


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One event with its answer."""

    event: GeneratedEvent
    delivery: Delivery
    owed: bool = False
    """Whether a valid event of the very kind has an effect, so that this one must not just vanish."""
    upshot: ProcessingResult = ProcessingResult()

    @property
    def wrong(self) -> str:
        """What is wrong with it, a key of the table above; empty when nothing is."""
        status = self.delivery.status
        if self.event.valid:
            return "" if self.delivery.acknowledged else "unacknowledged"
        if status is None or not 200 <= status < 500:
            return "trouble"
        if self.upshot.processed:
            return "processed"
        return "lost" if self.owed and self.gone else ""

    @property
    def gone(self) -> bool:
        """Whether it was acknowledged, and neither processed nor kept."""
        both_known = self.upshot.processed is False and self.upshot.set_aside is False
        return both_known and self.delivery.acknowledged and bool(self.delivery.event_id)

    @property
    def unseen(self) -> str:
        """What of it could not be looked at; empty when nothing is missing."""
        if not self.delivery.acknowledged or not self.delivery.event_id or self.upshot.decided:
            return ""
        if self.upshot.processed is None:
            return "processed"
        return "kept" if self.upshot.set_aside is None and self.owed else ""


def judge_valid(generated: Generated, receiver: EventReceiver) -> list[Finding]:
    """Deliver valid events; one finding for each webhook whose events are not all acknowledged, or one for all."""
    answered = [Answered(event=event, delivery=receiver.send(event)) for event in generated.valid]
    statuses = sorted({str(a.delivery.status) for a in answered})
    holds = f"{len(answered)} generated events are acknowledged"
    return list(_judged(FIXTURES, VALID, answered, generated, (holds, f"HTTP {', '.join(statuses)}")))


def judge_invalid(generated: Generated, receiver: EventReceiver) -> list[Finding]:
    """Deliver invalid events, signed right; one finding for each webhook that brings trouble, or one for all.

    What is acknowledged is looked for among effects and dead letters. A valid event of each webhook is delivered after
    them: where it has no effect, its kind is none that the integration acts on.
    """
    answered = [Answered(event=event, delivery=receiver.send(event)) for event in generated.invalid]
    first = {event.webhook: event for event in reversed(generated.valid)}
    controls = [Answered(event=event, delivery=receiver.send(event)) for event in first.values()]
    unseen: list[Finding] = []
    try:
        answered = _followed(answered, controls, receiver)
    except ProbeError as exc:
        unseen = [_finding(ROBUST, Outcome.ERROR, "what became of generated events is not known", INVALID, str(exc))]
    unseen = unseen or list(_not_seen(answered))
    holds = "bring no 5xx and no silence" if unseen else "are refused, kept as dead letters or passed over"
    summary = f"{len(answered)} generated events that break the spec {holds}"
    return [*_judged(ROBUST, INVALID, answered, generated, (summary, _told(answered))), *unseen]


def _followed(answered: Sequence[Answered], controls: Sequence[Answered], receiver: EventReceiver) -> list[Answered]:
    """Return the answers with what became of the events, all of them waited for together; raises `ProbeError`."""
    upshots = receiver.upshots
    shown = upshots.of(_ids(controls), within_s=upshots.effect_s)
    # Where effects cannot be asked for, any kind may be one that the integration acts on.
    acted_on = {
        c.event.webhook: receiver.kind(c.event)
        for c in controls
        if (upshot := shown.get(c.delivery.event_id)) and upshot.processed in (True, None)
    }
    owed = [acted_on.get(a.event.webhook) == receiver.kind(a.event) for a in answered]
    found = dict(upshots.of(_ids(compress(answered, owed)), within_s=upshots.kept_s))
    found.update(upshots.of(_ids(compress(answered, map(not_, owed)))))
    return [
        msgspec.structs.replace(a, owed=due, upshot=found.get(a.delivery.event_id, ProcessingResult()))
        for a, due in zip(answered, owed, strict=True)
    ]


def _ids(answered: Iterable[Answered]) -> list[str]:
    return [a.delivery.event_id for a in answered if a.delivery.acknowledged and a.delivery.event_id]


def _judged(
    item: str, expected: str, answered: Sequence[Answered], generated: Generated, holds: tuple[str, str]
) -> Iterator[Finding]:
    if not answered:
        said = "the spec's webhooks say nothing that events could be made from"
        yield _finding(item, Outcome.NOT_APPLICABLE, said, expected, generated.bounds)
        return
    limited = [a for a in answered if a.delivery.status == _LIMITED]
    if limited:
        said = f"{len(limited)} of {len(answered)} generated events were not looked at: the receiver limits rates"
        yield _finding(item, Outcome.ERROR, said, expected, "HTTP 429. Raise its limit for the run")
    smallest: dict[tuple[str, str], Answered] = {}
    for each in sorted(answered, key=lambda a: len(json.dumps(a.event.document))):
        if each.wrong and each not in limited:
            smallest.setdefault((each.event.webhook, each.wrong), each)
    for (webhook, wrong), each in smallest.items():
        observed = f"{each.delivery.seen} to {json.dumps(each.event.document)[:600]}"
        found = _finding(item, Outcome.FAIL, f"generated events of {webhook} {_SAID[wrong]}", expected, observed)
        fix = _FIX if wrong in ("processed", "lost") else ""
        yield msgspec.structs.replace(found, fix=fix).named(webhook, "generated events", wrong)
    if not smallest and not limited:
        bounds = f" ({generated.bounds})" if generated.bounds else ""
        yield _finding(item, Outcome.PASS, holds[0] + bounds, expected, holds[1])


def _not_seen(answered: Sequence[Answered]) -> Iterator[Finding]:
    """Yield a finding for each question without an answer, with the line of harness.toml that is missing, or why."""
    numbers = Counter(a.unseen for a in answered)
    for unseen, (level, said) in _UNSEEN.items():
        if numbers[unseen]:
            summary = f"{numbers[unseen]} generated events that break the spec are acknowledged: {said}"
            found = _finding(ROBUST, Outcome.NOT_RUN, summary, INVALID, "")
            yield msgspec.structs.replace(found, level=level)
    gone = [a for a in answered if a.gone]
    if gone and not any(a.owed for a in answered):
        said = "but no valid event made beside them has an effect either, so whether one was lost is not known"
        summary = f"{len(gone)} generated events that break the spec are acknowledged and not processed, {said}"
        yield msgspec.structs.replace(_finding(ROBUST, Outcome.NOT_RUN, summary, INVALID, ""), level=Level.SHOULD)


def _told(answered: Sequence[Answered]) -> str:
    """Return how many events were refused, kept, or taken without anything being done."""
    taken = [a for a in answered if a.delivery.acknowledged]
    kept = sum(bool(a.upshot.set_aside) for a in taken)
    nameless = sum(not a.delivery.event_id for a in taken)
    told = [f"{len(answered) - len(taken)} refused", f"{kept} kept as dead letters"]
    told += [f"{nameless} taken that have no id to look for"] if nameless else []
    if passed_over := len(taken) - kept - nameless:
        told.append(f"{passed_over} taken, of which nothing is known or done")
    return ", ".join(told)


def _finding(item: str, outcome: Outcome, summary: str, expected: str, observed: str) -> Finding:
    return Finding(
        item=item,
        outcome=outcome,
        summary=summary,
        expected=expected,
        observed=observed,
        source=SOURCE,
        case="generated",
    )
