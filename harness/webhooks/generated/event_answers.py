"""What comes of generated events: how each is answered and, where the integration can be asked, what it did with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from operator import not_
from typing import Any

import msgspec

from harness.errors import ProbeError
from harness.model import Check, Delivery, Finding, Level, Outcome, ProcessingResult
from harness.webhooks.generated.generated_events import Generated, GeneratedEvent
from harness.webhooks.processing_results import ProcessingResults

_SOURCE = "OpenAPI Specification 3.1.1, webhooks"
VALID = Check(
    id="generated",
    item="webhooks.fixtures",
    summary="events that the spec allows",
    expected="HTTP 2xx: the spec allows this event",
    source=_SOURCE,
    fix="Take every event that the spec allows, whatever stands in its optional fields.",
)
INVALID = Check(
    id="generated",
    item="webhooks.robust",
    summary="events that break the spec, signed right",
    expected="HTTP 4xx, or 2xx and a dead letter; never processed, never 5xx nor silence",
    source=_SOURCE,
    fix="Hold an event against the spec before anything is done because of it, and keep what does not fit as a dead "
    "letter. What you take on purpose all the same is waived by the id of this finding.",
)
CHECKS = (VALID, INVALID)
_LIMITED = 429
_WRONG = {
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


class EventReceiver(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the events are for."""

    send: Callable[[GeneratedEvent], Delivery]
    """Delivers one, signed right, under an id of its own; a delivery without an event id cannot be asked about."""
    kind: Callable[[GeneratedEvent], Any]
    """What the receiver knows an event's kind by: of another kind it may take it and do nothing."""
    results: ProcessingResults


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One event with its answer."""

    event: GeneratedEvent
    delivery: Delivery
    must_show: bool = False
    """Whether a valid event of the very kind has an effect, so that this one must not just vanish."""
    result: ProcessingResult = ProcessingResult()

    @property
    def wrong(self) -> str:
        """What is wrong with it, a key of the table above; empty when nothing is."""
        status = self.delivery.status
        if self.event.valid:
            return "" if self.delivery.acknowledged else "unacknowledged"
        if status is None or not 200 <= status < 500:
            return "trouble"
        if self.result.processed:
            return "processed"
        return "lost" if self.must_show and self.gone else ""

    @property
    def gone(self) -> bool:
        """Whether it was acknowledged, and neither processed nor kept."""
        both_known = self.result.processed is False and self.result.set_aside is False
        return both_known and self.delivery.acknowledged and bool(self.delivery.event_id)

    @property
    def unseen(self) -> str:
        """What of it could not be looked at; empty when nothing is missing."""
        if not self.delivery.acknowledged or not self.delivery.event_id or self.result.decided:
            return ""
        if self.result.processed is None:
            return "processed"
        return "kept" if self.result.set_aside is None and self.must_show else ""


def judge_valid(generated: Generated, receiver: EventReceiver) -> list[Finding]:
    """Deliver valid events; one finding for each webhook whose events are not all acknowledged, or one for all."""
    answered = [Answered(event=event, delivery=receiver.send(event)) for event in generated.valid]
    statuses = sorted({str(a.delivery.status) for a in answered})
    holds = f"{len(answered)} generated events are acknowledged"
    return list(_judged(VALID, answered, generated, (holds, f"HTTP {', '.join(statuses)}")))


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
        unseen = [INVALID.finding(Outcome.ERROR, str(exc), summary="what became of generated events is not known")]
    unseen = unseen or list(_not_seen(answered))
    holds = "bring no 5xx and no silence" if unseen else "are refused, kept as dead letters or passed over"
    summary = f"{len(answered)} generated events that break the spec {holds}"
    return [*_judged(INVALID, answered, generated, (summary, _counts(answered))), *unseen]


def _followed(answered: Sequence[Answered], controls: Sequence[Answered], receiver: EventReceiver) -> list[Answered]:
    """Return the answers with what became of the events, all of them waited for together; raises `ProbeError`."""
    results = receiver.results
    shown = results.of(_ids(controls), within_s=results.effect_s)
    # Where effects cannot be asked for, any kind may be one that the integration acts on.
    acted_on = {
        c.event.webhook: receiver.kind(c.event)
        for c in controls
        if (result := shown.get(c.delivery.event_id)) and result.processed in (True, None)
    }
    must_show = [acted_on.get(a.event.webhook) == receiver.kind(a.event) for a in answered]
    found = dict(results.of(_ids(compress(answered, must_show)), within_s=results.dead_letter_s))
    found.update(results.of(_ids(compress(answered, map(not_, must_show)))))
    return [
        msgspec.structs.replace(a, must_show=shows, result=found.get(a.delivery.event_id, ProcessingResult()))
        for a, shows in zip(answered, must_show, strict=True)
    ]


def _ids(answered: Iterable[Answered]) -> list[str]:
    return [a.delivery.event_id for a in answered if a.delivery.acknowledged and a.delivery.event_id]


def _judged(
    check: Check, answered: Sequence[Answered], generated: Generated, holds: tuple[str, str]
) -> Iterator[Finding]:
    if not answered:
        summary = "the spec's webhooks say nothing that events could be made from"
        yield check.finding(Outcome.NOT_APPLICABLE, generated.bounds, summary=summary)
        return
    limited = [a for a in answered if a.delivery.status == _LIMITED]
    if limited:
        summary = f"{len(limited)} of {len(answered)} generated events were not looked at: the receiver limits rates"
        yield check.finding(Outcome.ERROR, "HTTP 429. Raise its limit for the run", summary=summary)
    smallest: dict[tuple[str, str], Answered] = {}
    for each in sorted(answered, key=lambda a: len(json.dumps(a.event.document))):
        if each.wrong and each not in limited:
            smallest.setdefault((each.event.webhook, each.wrong), each)
    for (webhook, wrong), each in smallest.items():
        observed = f"{each.delivery.seen} to {json.dumps(each.event.document)[:600]}"
        found = check.finding(Outcome.FAIL, observed, summary=f"generated events of {webhook} {_WRONG[wrong]}")
        yield found.named(webhook, "generated events", wrong)
    if not smallest and not limited:
        bounds = f" ({generated.bounds})" if generated.bounds else ""
        yield check.finding(Outcome.PASS, holds[1], summary=holds[0] + bounds)


def _not_seen(answered: Sequence[Answered]) -> Iterator[Finding]:
    """Yield a finding for each question without an answer, with the line of harness.toml that is missing, or why."""
    numbers = Counter(a.unseen for a in answered)
    for unseen, (level, text) in _UNSEEN.items():
        if numbers[unseen]:
            yield _not_known(f"{numbers[unseen]} generated events that break the spec are acknowledged: {text}", level)
    gone = [a for a in answered if a.gone]
    if gone and not any(a.must_show for a in answered):
        why = "but no valid event made beside them has an effect either, so whether one was lost is not known"
        summary = f"{len(gone)} generated events that break the spec are acknowledged and not processed, {why}"
        yield _not_known(summary, Level.SHOULD)


def _not_known(summary: str, level: Level) -> Finding:
    return msgspec.structs.replace(INVALID.finding(Outcome.NOT_RUN, "", summary=summary), level=level)


def _counts(answered: Sequence[Answered]) -> str:
    """Return how many events were refused, kept, or taken without anything being done."""
    taken = [a for a in answered if a.delivery.acknowledged]
    dead = sum(bool(a.result.set_aside) for a in taken)
    nameless = sum(not a.delivery.event_id for a in taken)
    counts = [f"{len(answered) - len(taken)} refused", f"{dead} kept as dead letters"]
    counts += [f"{nameless} taken that have no id to look for"] if nameless else []
    if passed_over := len(taken) - dead - nameless:
        counts.append(f"{passed_over} taken, of which nothing is known or done")
    return ", ".join(counts)
