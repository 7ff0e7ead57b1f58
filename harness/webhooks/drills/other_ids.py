"""Group D, exactly once: deliveries are one event only if their ids are equal, and what is signed is the id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec

from harness.core.pointers import at_key
from harness.http.message import Request, header
from harness.model import Event, Level, Outcome
from harness.openapi.event_bodies import readable_document
from harness.webhooks.cases.building import replaced
from harness.webhooks.cases.receiver_case import unsigned_body
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.effects import QUIET_S, counted
from harness.webhooks.json_spans import JsonSpans, edited
from harness.webhooks.near_ids import near_ids
from harness.webhooks.rewriting import LENGTHENED

_SOURCE = "ce-source"
_CLOUDEVENTS = "application/cloudevents"


def _equal_bodies(context: DrillContext) -> Judgement:
    """Deliver an event, the same content under another id, and where that has no effect, that with one more member.

    Each is asked about before the next comes, because an integration may store only the last one about an object.
    """
    first = context.fresh()
    if fault := context.without_effect(first):
        return Outcome.ERROR, fault
    fresh = context.receiver.format.fresh  # with the times of the first one
    second = fresh(first)
    answer = context.receiver.deliver(second)
    if not answer.acknowledged:
        return Outcome.FAIL, f"the same content under another id: {answer.seen}"
    effects, fault = _effects(context, second)
    seen = f"the same content under another id: {answer.seen}, {counted(effects)}"
    if fault or effects:
        return (Outcome.ERROR, fault) if fault else (Outcome.PASS, seen)
    for longer in filter(None, (vary(fresh(first)) for vary in LENGTHENED)):
        context.receiver.deliver(longer)
        effects, fault = _effects(context, longer)
        if effects:
            return Outcome.FAIL, f"{seen}; the same with one more member had an effect"
    return Outcome.NOT_APPLICABLE, f"{seen}, nor with one more member: the effect depends on the object"


def _near_ids(context: DrillContext) -> Judgement:
    """Deliver an event, and others whose ids differ from its id in one character."""
    first = context.fresh()
    if fault := context.without_effect(first):
        return Outcome.ERROR, fault
    taken = {}
    for differs, new_id in near_ids(first.id).items():
        other = context.receiver.format.fresh(context.fresh(), new_id)
        if other.id == new_id and context.receiver.deliver(other).acknowledged:
            taken[differs] = other
    if not taken:
        return Outcome.NOT_APPLICABLE, f"the receiver takes no id that differs from {first.id} in one character"
    if fault := context.without_effect(context.fresh()):
        return Outcome.ERROR, fault
    lost = [differs for differs, other in taken.items() if not context.probe.wait(other.id, within_s=QUIET_S)]
    return passes_if(not lost, f"ids that differ in {', '.join(taken)}: {', '.join(lost) or 'none'} without an effect")


def _another_source(context: DrillContext) -> Judgement:
    """Deliver an event, and another one that has its id and comes from another source."""
    first = context.fresh()
    other = _from_elsewhere(first)
    if other is None:
        return Outcome.NOT_APPLICABLE, f"with {context.receiver.scheme.name} an event is known by its id alone"
    if fault := context.without_effect(first):
        return Outcome.ERROR, fault
    answer = context.receiver.deliver(other)
    if not answer.acknowledged:
        return Outcome.NOT_APPLICABLE, f"the receiver takes events of one source alone: {answer.seen}"
    if fault := context.without_effect(context.fresh()):
        return Outcome.ERROR, fault
    effects = context.probe.settled(first.id, within_s=0)
    return passes_if(effects > 1, f"the same id from another source: {answer.seen}, {counted(effects)} of both")


def _two_ids(context: DrillContext) -> Judgement:
    """Deliver an event, then replay it under its signature with a further id: in its header, or else in its query.

    An attacker with a captured delivery can do that, so the id that nobody signed must have no effect.
    """
    receiver, scheme = context.receiver, context.receiver.scheme
    event, others = context.fresh(), [context.fresh(), context.fresh()]
    restated = _restated(context, receiver.material(event).signed(), others)
    if not restated:
        return Outcome.NOT_APPLICABLE, f"{scheme.name} signs no event id"
    if fault := context.without_effect(event):
        return Outcome.ERROR, fault
    answers = {where: receiver.send(event, built) for where, built in restated.items()}
    if fault := context.without_effect(context.fresh()):
        return Outcome.ERROR, fault
    effects = sum(context.probe.effects(other.id) for other in others)
    seen = ", ".join(f"a further id {where}: {answer.seen}" for where, answer in answers.items())
    return passes_if(not effects, f"{seen}; {counted(effects)} under an id that was not signed")


def _restated(context: DrillContext, built: Request, others: Sequence[Event]) -> dict[str, Request]:
    """Return a delivery with the ids of others beside its signed one, by where they are; empty where none is signed."""
    scheme, own_key = context.receiver.scheme, context.receiver.format.id_key
    if scheme.signs_id:
        signed = header(built.headers, scheme.id_header)
        before, after = (header(other.headers, scheme.id_header) for other in others)
        return {
            "after it": replaced(built, scheme.id_header, signed, after),
            "before it": replaced(built, scheme.id_header, before, signed),
        }
    key = scheme.id_key if own_key is None else own_key
    if scheme.id_header or not key or unsigned_body(scheme):
        return {}
    query = urlencode({key.rpartition(".")[2]: others[0].id})
    return {"in the query": msgspec.structs.replace(built, url=f"{built.url}{'&' if '?' in built.url else '?'}{query}")}


def _from_elsewhere(event: Event) -> Event | None:
    """Return a CloudEvent as another source sends it; None for an event of another kind."""
    headers = dict(event.headers)
    if _SOURCE in headers:
        return msgspec.structs.replace(
            event, headers=tuple((k, f"{v}/elsewhere" if k == _SOURCE else v) for k, v in event.headers)
        )
    if not headers.get("content-type", "").startswith(_CLOUDEVENTS):
        return None
    source = at_key(readable_document(event.headers, event.body), "source")
    if not isinstance(source, str):
        return None
    spans = JsonSpans(event.body.decode())
    start, end = spans.in_bytes(*spans.span(("source",)))
    return msgspec.structs.replace(
        event, body=edited(event.body, [(start, end, json.dumps(f"{source}/elsewhere").encode())])
    )


def _effects(context: DrillContext, event: Event) -> tuple[int, str]:
    """Return the effects of a delivered event, asked for when one more event has had its own; and why not, if so."""
    fault = context.without_effect(context.fresh())
    return context.probe.wait(event.id, within_s=QUIET_S), fault


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="same-content-other-id",
        item="webhooks.idempotent",
        summary="two events that differ in their ids alone",
        passed="Processed two events that differ in their ids alone",
        failed="Took an event for a duplicate because its content equals that of another one",
        expected="HTTP 2xx and an effect of each",
        source="Standard Webhooks, Idempotency: the id is what identifies an event",
        fix="Recognise an event by its id alone, not by its body or by a hash of it.",
        run=_equal_bodies,
    ),
    Drill(
        id="similar-ids",
        item="webhooks.idempotent",
        summary="events whose ids differ in one character",
        passed="Processed each of several events whose ids differ in one character",
        failed="Took an event for a duplicate because its id resembles that of another one",
        expected="HTTP 2xx and an effect of each",
        source="Standard Webhooks, Idempotency: the id is what identifies an event",
        fix="Store the whole id, as text that is compared exactly: uncut, in its own case, never as a rounded number.",
        run=_near_ids,
    ),
    Drill(
        id="ids-stated-twice",
        item="webhooks.signatures",
        summary="a delivery that states a further id beside the signed one",
        passed="Processed nothing under an id that was not signed",
        failed="Processed a captured delivery again under an id that was not signed",
        expected="no effect under an id that the signature does not cover",
        source="Standard Webhooks, Signature scheme: the id is signed; CWE-436",
        fix="Refuse a delivery with two ids, and know the event by the one that you verify: take nothing of it from "
        "the query.",
        run=_two_ids,
    ),
    Drill(
        id="same-id-other-source",
        item="webhooks.idempotent",
        level=Level.SHOULD,
        summary="two events with one id from two sources",
        passed="Processed two events with one id from two sources",
        failed="Took an event for a duplicate because its id equals that of an event from another source",
        expected="HTTP 2xx and an effect of each",
        source="CloudEvents 1.0, id: source and id together are unique",
        fix="Store source and id together as what identifies an event.",
        run=_another_source,
    ),
)
