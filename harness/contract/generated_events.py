"""Events generated from the document's ``webhooks``: valid ones for a receiver to take, invalid ones to survive."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import msgspec
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core import NOT_SET

from harness.contract.document import Document, escaped
from harness.contract.events import EventSchemas
from harness.contract.spec import Spec
from harness.model import Delivery, Event, Finding, Outcome

FIXTURES, ROBUST = "webhooks.fixtures", "webhooks.robust"
VALID, INVALID = 5, 15
"""Events generated for each webhook."""
SPOILT = 40
"""Events made of a valid one by taking a field away or giving it another type: what a generator may pass over."""
_OTHERS: tuple[Any, ...] = (None, 0, "text", [], {})
MAX_WEBHOOKS = 60
"""Webhooks that events are generated for, the first of the document: GitHub has 270."""
_BASE = "/generated/"


class GeneratedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that nobody ever sent."""

    webhook: str
    document: Any
    """The JSON body."""
    valid: bool

    def event(self, *, id_key: str, type_header: str, new_id: str) -> Event:
        """Return it as an event under ``new_id``, where it can have an id at all.

        ``id_key`` names the key of the body that holds the id, dots leading inwards; ``type_header`` the header of the
        type, empty where the body holds it.
        """
        body = _with_id(self.document, id_key.split("."), new_id) if id_key else self.document
        kind = (("content-type", "application/json"), *(((type_header, self._type()),) if type_header else ()))
        name = f"{self.webhook} ({'valid' if self.valid else 'invalid'})"
        return Event(name=name, type=self._type(), id=new_id, body=json.dumps(body).encode(), headers=kind)

    def _type(self) -> str:
        """Return the event's type: the webhook's name, without the action that the body tells besides."""
        action = self.document.get("action") if isinstance(self.document, dict) else None
        ending = f"-{action}".replace("_", "-")
        if isinstance(action, str) and self.webhook.endswith(ending):
            return self.webhook.removesuffix(ending).replace("-", "_")
        return self.webhook


def generate_events(spec: Spec, *, random_seed: int, valid: bool) -> list[GeneratedEvent]:
    """Return events for each webhook with a schema, the same for the same seed; none where none can be made."""
    schemas = EventSchemas(spec)
    schema = schemathesis.openapi.from_dict(_as_operations(spec), config=schemathesis.Config())
    mode = GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE
    found = []
    for result in schema.get_all_operations():
        operation = result.ok() if hasattr(result, "ok") else None
        if operation is None:
            continue
        name = _name(operation.path)
        bodies = _bodies(operation, mode, random_seed)
        if not valid:
            honest = _bodies(operation, GenerationMode.POSITIVE, random_seed)
            bodies += islice(_spoilt(honest[0]), SPOILT) if honest else ()
        made = (GeneratedEvent(webhook=name, document=body, valid=valid) for body in bodies)
        found += [event for event in made if schemas.fits(name, event.document) is valid]
    return found


def judge_valid(events: Iterable[GeneratedEvent], send: Callable[[GeneratedEvent], Delivery]) -> list[Finding]:
    """Deliver valid events; one finding for each webhook whose events are not all acknowledged, or one for all."""
    return _judged(
        events,
        send,
        item=FIXTURES,
        expected="HTTP 2xx: the spec allows this event",
        right=lambda delivery: delivery.acknowledged,
        said=("are acknowledged", "are valid by the spec and not acknowledged"),
    )


def judge_invalid(events: Iterable[GeneratedEvent], send: Callable[[GeneratedEvent], Delivery]) -> list[Finding]:
    """Deliver invalid events, signed right; one finding for each webhook that brings trouble, or one for all."""
    return _judged(
        events,
        send,
        item=ROBUST,
        expected="HTTP 4xx, or 2xx and a dead letter; never 5xx nor silence",
        right=lambda delivery: delivery.status is not None and 200 <= delivery.status < 500,
        said=("bring no 5xx and no silence", "are signed right, break the spec, and bring trouble"),
    )


def _judged(
    events: Iterable[GeneratedEvent],
    send: Callable[[GeneratedEvent], Delivery],
    *,
    item: str,
    expected: str,
    right: Callable[[Delivery], bool],
    said: tuple[str, str],
) -> list[Finding]:
    answers = [(event, send(event)) for event in events]

    def finding(outcome: Outcome, summary: str, observed: str) -> Finding:
        return Finding(
            item=item,
            outcome=outcome,
            summary=summary,
            expected=expected,
            observed=observed,
            source="OpenAPI Specification 3.1.1, webhooks",
            case="generated",
        )

    if not answers:
        return [finding(Outcome.NOT_APPLICABLE, "the spec's webhooks say nothing that events could be made from", "")]
    wrong = [(event, delivery) for event, delivery in answers if not right(delivery)]
    if not wrong:
        statuses = sorted({str(d.status) for _, d in answers})
        return [finding(Outcome.PASS, f"{len(answers)} generated events {said[0]}", f"HTTP {', '.join(statuses)}")]
    smallest: dict[str, tuple[GeneratedEvent, Delivery]] = {}
    for event, delivery in sorted(wrong, key=lambda w: len(json.dumps(w[0].document))):
        smallest.setdefault(event.webhook, (event, delivery))
    return [
        finding(
            Outcome.FAIL,
            f"generated events of {name} {said[1]}",
            f"{delivery.seen} to {json.dumps(event.document)[:600]}",
        )
        for name, (event, delivery) in smallest.items()
    ]


def _as_operations(spec: Spec) -> dict[str, Any]:
    """Return the document with its webhooks in place of its operations, for Schemathesis generates for operations only.

    Their own parameters are left out: what belongs in the headers is for the scheme to write.
    """
    document = Document(spec.document)
    paths = {}
    for name, operation in list(document.webhooks())[:MAX_WEBHOOKS]:
        body = document.resolved(operation.get("requestBody"))
        media = document.json_content(body)
        if "schema" in media:
            content = {"application/json": {"schema": media["schema"]}}
            post = {"requestBody": {"required": True, "content": content}, "responses": {"200": {"description": ""}}}
            paths[_BASE + escaped(name)] = {"post": post}
    kept = {k: v for k, v in spec.document.items() if k not in ("webhooks", "x-webhooks", "security", "servers")}
    return {**kept, "paths": paths}


def _name(path: str) -> str:
    return path.removeprefix(_BASE).replace("~1", "/").replace("~0", "~")


def _bodies(operation: Any, mode: GenerationMode, random_seed: int) -> list[Any]:
    found: dict[str, Any] = {}

    @seed(random_seed)
    @settings(
        max_examples=VALID if mode is GenerationMode.POSITIVE else INVALID,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        # Half a surrogate pair, or a body that is no JSON, cannot be sent as one.
        with suppress(TypeError, ValueError):
            if case.body is not NOT_SET:
                found.setdefault(json.dumps(case.body, allow_nan=False), case.body)

    with suppress(Unsatisfiable):
        one()
    return list(found.values())


def _spoilt(document: Any, depth: int = 2) -> Iterator[Any]:
    """Yield the document with one field gone, or of another type; the outer fields first."""
    if not isinstance(document, dict) or depth == 0:
        return
    for key in document:
        yield {k: v for k, v in document.items() if k != key}
        yield from ({**document, key: other} for other in _OTHERS)
    for key, value in document.items():
        yield from ({**document, key: inner} for inner in _spoilt(value, depth - 1))


def _with_id(document: Any, keys: list[str], new_id: str) -> Any:
    """Return the document under another id; one that has no text for an id stays as it is."""
    first, *rest = keys
    if not isinstance(document, dict) or first not in document:
        return document
    if rest:
        return {**document, first: _with_id(document[first], rest, new_id)}
    return {**document, first: new_id} if isinstance(document[first], str) and document[first] else document
