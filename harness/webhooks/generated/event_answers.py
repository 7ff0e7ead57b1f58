"""Judges generated events: how the receiver answers each and, where the integration can be asked, its effects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from operator import not_
from typing import Any

import msgspec

from harness.core.cutting import cut
from harness.errors import ProbeError
from harness.model import Check, Delivery, Finding, Level, Outcome
from harness.model.cause import OF_RECEIVER
from harness.webhooks.generated.generated_events import Generated, GeneratedEvent
from harness.webhooks.processing_results import ProcessingResult, ProcessingResults

_SOURCE = "OpenAPI Specification 3.1.1, webhooks"
VALID = Check(
    id="generated",
    item="webhooks.fixtures",
    summary="generated events that are valid by the spec",
    passed="Acknowledged every valid generated event",
    failed="Did not acknowledge a valid generated event",
    expected="HTTP 2xx: the spec allows this event",
    source=_SOURCE,
    fix="Accept every event that the spec allows, whatever its optional fields hold.",
)
INVALID = Check(
    id="generated",
    item="webhooks.robust",
    summary="correctly signed generated events that are invalid by the spec",
    passed="Refused, dead-lettered or ignored every invalid generated event",
    failed="Failed on, processed or lost an invalid generated event",
    expected="HTTP 4xx, or 2xx and a dead letter; no effect, no 5xx, and always a response",
    source=_SOURCE,
    fix="Validate an event against the spec before you act on it, and store an invalid one as a dead letter. If you "
    "accept one on purpose, waive this finding by its id.",
)
CHECKS = (VALID, INVALID)
_LIMITED = 429
_WRONG = {
    "unacknowledged": "Did not acknowledge a valid generated event of {}",
    "trouble": "Failed on an invalid generated event of {}",
    "processed": "Processed an invalid generated event of {}",
    "lost": "Acknowledged and lost an invalid generated event of {}: no effect, no dead letter",
}
_OF_A_CAUSE = ("check", "cause", "level", "expected", "source", "fix", "request")
"""Fields of a finding that all findings of its cause have."""
_CAUSES = {
    "unacknowledged": OF_RECEIVER.of("does not acknowledge generated events that are valid by the spec"),
    "trouble": OF_RECEIVER.of("fails on generated events that are invalid by the spec"),
    "processed": OF_RECEIVER.of("processes generated events that are invalid by the spec"),
    "lost": OF_RECEIVER.of("acknowledges and loses generated events that are invalid by the spec"),
}
"""What is wrong, whichever webhook shows it."""
_UNSEEN = {
    "processed": (
        Level.MUST,
        'whether it processed them is not known; add to [receiver]: effects = { url = "http://…/{event_id}" }',
    ),
    "stored": (
        Level.SHOULD,  # webhooks.dead-letter requires that dead letters can be seen at all
        'whether it stored dead letters is not known; add: [receiver.dead_letters] url = "http://…/{event_id}"',
    ),
}


class EventReceiver(msgspec.Struct, frozen=True, kw_only=True):
    """Where the events go."""

    send: Callable[[GeneratedEvent], Delivery]
    """Delivers one, correctly signed, under a new id; without an id the integration cannot be asked about it."""
    kind: Callable[[GeneratedEvent], Any]
    """Returns the event's kind as the receiver sees it; an unknown kind it may accept and ignore."""
    results: ProcessingResults
    look: Callable[[GeneratedEvent], Finding | None] = lambda _: None
    """Delivers again an invalid one that it failed on; returns what that shows, which other deliveries may show too."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One event with the response to it."""

    event: GeneratedEvent
    delivery: Delivery
    must_show: bool = False
    """Whether a valid event of the same kind has an effect, so that this one must not just vanish."""
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
        """Whether it was acknowledged, and neither processed nor stored as a dead letter."""
        both_known = self.result.processed is False and self.result.set_aside is False
        return both_known and self.delivery.acknowledged and bool(self.delivery.event_id)

    @property
    def unseen(self) -> str:
        """What could not be observed of it; empty when nothing is missing."""
        if not self.delivery.acknowledged or not self.delivery.event_id or self.result.decided:
            return ""
        if self.result.processed is None:
            return "processed"
        return "stored" if self.result.set_aside is None and self.must_show else ""


def judge_valid(generated: Generated, receiver: EventReceiver) -> list[Finding]:
    """Deliver valid events; return a finding for each webhook with an event not acknowledged, or one for all."""
    answered = [Answered(event=event, delivery=receiver.send(event)) for event in generated.valid]
    statuses = sorted({str(a.delivery.status) for a in answered})
    holds = f"Acknowledged {_generated(answered, 'valid')}"
    return list(_judged(VALID, answered, generated, (holds, f"HTTP {', '.join(statuses)}")))


def judge_invalid(generated: Generated, receiver: EventReceiver) -> list[Finding]:
    """Deliver invalid events, correctly signed; return a finding for each webhook with a failure, or one for all.

    Acknowledged events are looked up among effects and dead letters. A valid event of each webhook follows: if that has
    no effect, the integration does not act on events of its kind.
    """
    answered = [Answered(event=event, delivery=receiver.send(event)) for event in generated.invalid]
    first = {event.webhook: event for event in reversed(generated.valid)}
    controls = [Answered(event=event, delivery=receiver.send(event)) for event in first.values()]
    unseen: list[Finding] = []
    try:
        answered = _followed(answered, controls, receiver)
    except ProbeError as exc:
        unseen = [INVALID.finding(Outcome.ERROR, str(exc), summary="What became of generated events is not known")]
    unseen = unseen or list(_not_seen(answered))
    holds = "Answered" if unseen else "Refused, dead-lettered or ignored"
    summary = f"{holds} {_generated(answered, 'invalid')}"
    found = _judged(INVALID, answered, generated, (summary, _counts(answered)), receiver.look)
    return [*found, *unseen]


def _followed(answered: Sequence[Answered], controls: Sequence[Answered], receiver: EventReceiver) -> list[Answered]:
    """Return the answers with what became of the events, after one wait for all of them; raises `ProbeError`."""
    results = receiver.results
    shown = results.of(_ids(controls), within_s=results.effect_s)
    # If effects cannot be queried, the integration may act on any kind.
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


def _generated(answered: Sequence[Answered], kind: str = "") -> str:
    return f"{len(answered)} {f'{kind} ' * bool(kind)}generated event{'' if len(answered) == 1 else 's'}"


def _ids(answered: Iterable[Answered]) -> list[str]:
    return [a.delivery.event_id for a in answered if a.delivery.acknowledged and a.delivery.event_id]


def _judged(
    check: Check,
    answered: Sequence[Answered],
    generated: Generated,
    holds: tuple[str, str],
    look: Callable[[GeneratedEvent], Finding | None] = lambda _: None,
) -> Iterator[Finding]:
    if not answered:
        summary = "The spec describes no webhook that events could be generated from"
        yield check.finding(Outcome.NOT_APPLICABLE, generated.bounds, summary=summary)
        return
    limited = [a for a in answered if a.delivery.status == _LIMITED]
    if limited:
        summary = f"{len(limited)} of {_generated(answered)} met the receiver's rate limit and prove nothing"
        yield check.finding(Outcome.ERROR, "HTTP 429. Raise the rate limit for the run", summary=summary)
    smallest: dict[tuple[str, str], Answered] = {}
    for each in sorted(answered, key=lambda a: len(json.dumps(a.event.document))):
        if each.wrong and each not in limited:
            smallest.setdefault((each.event.webhook, each.wrong), each)
    shown: dict[int | None, Finding | None] = {}
    for (webhook, wrong), each in smallest.items():
        status = each.delivery.status
        if wrong == "trouble" and status not in shown:
            shown[status] = look(each.event)
        yield _wrong(check, webhook, each, shown.get(status) if wrong == "trouble" else None)
    if not smallest and not limited:
        bounds = f" ({generated.bounds})" if generated.bounds else ""
        yield check.finding(Outcome.PASS, holds[1], summary=holds[0] + bounds)


def _wrong(check: Check, webhook: str, each: Answered, fault: Finding | None) -> Finding:
    """Return what is wrong at a webhook; ``fault`` is what another look at such an event showed."""
    observed = f"{each.delivery.seen} to {cut(json.dumps(each.event.document), 600)}"
    found = check.finding(Outcome.FAIL, observed, summary=_WRONG[each.wrong].format(webhook))
    found = msgspec.structs.replace(
        found.named(webhook, "generated events", each.wrong),
        subject=f"generated {webhook}",
        cause=_CAUSES[each.wrong],
    )
    if fault is None:
        return found
    return msgspec.structs.replace(found, **{name: getattr(fault, name) for name in _OF_A_CAUSE})


def _not_seen(answered: Sequence[Answered]) -> Iterator[Finding]:
    """Yield a finding for each open question, with the missing line of harness.toml or the reason."""
    for unseen, (level, text) in _UNSEEN.items():
        if unknown := [a for a in answered if a.unseen == unseen]:
            yield _not_known(f"Acknowledged {_generated(unknown, 'invalid')}, but {text}", level)
    gone = [a for a in answered if a.gone]
    if gone and not any(a.must_show for a in answered):
        why = "but generated valid events have no effect either, so whether one was lost is not known"
        summary = f"Acknowledged and did not process {_generated(gone, 'invalid')}, {why}"
        yield _not_known(summary, Level.SHOULD)


def _not_known(summary: str, level: Level) -> Finding:
    return msgspec.structs.replace(INVALID.finding(Outcome.NOT_RUN, "", summary=summary), level=level)


def _counts(answered: Sequence[Answered]) -> str:
    """Return how many events were refused, stored as dead letters, or accepted and ignored."""
    taken = [a for a in answered if a.delivery.acknowledged]
    dead = sum(bool(a.result.set_aside) for a in taken)
    nameless = sum(not a.delivery.event_id for a in taken)
    counts = [f"{len(answered) - len(taken)} refused", f"{dead} stored as dead letters"]
    counts += [f"{nameless} accepted that have no id to look up"] if nameless else []
    if passed_over := len(taken) - dead - nameless:
        counts.append(f"{passed_over} accepted without a known effect")
    return ", ".join(counts)
