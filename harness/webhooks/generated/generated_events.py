"""Events generated from the document's ``webhooks``: valid ones to accept, invalid ones to refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any, NamedTuple

import msgspec

from harness.core.pointers import at_key, escaped, steps_of
from harness.model import Event
from harness.openapi import generation
from harness.openapi.event_schemas import ACTION, EventSchemas
from harness.openapi.spec_document import Spec
from harness.webhooks.events import EventFormat

VALID, INVALID, SPOILT = 5, 15, 40
"""Events for each webhook: valid ones, random invalid ones, and valid ones spoilt by removing a field or changing its
type, which random generation may miss."""
BODIES, SPOILT_IN_ALL = 400, 2000
"""The same for a whole document: if it has many webhooks, each gets an equal share."""
MAX_WEBHOOKS = 400
_OTHERS: tuple[Any, ...] = (None, 0, "text", [], {})
_BASE = "/generated/"


class GeneratedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that was generated, not captured."""

    webhook: str
    document: Any
    """The JSON body."""
    valid: bool
    keeps_id: bool = False
    """Whether `valid` is true only under its original id."""

    def event(self, event_format: EventFormat, new_id: str) -> Event:
        """Return it as an event under ``new_id``, or without an id where its body does not allow another."""
        name = f"{self.webhook} ({'valid' if self.valid else 'invalid'})"
        event = _as_event(event_format, self._type(), self.document)
        event = msgspec.structs.replace(event, name=name, type=self._type())
        if self.keeps_id and (event_format.id_key or not event_format.scheme.id_header):
            return msgspec.structs.replace(event, id="")
        return event_format.fresh(event, new_id)

    def kind(self, event_format: EventFormat) -> tuple[Any, Any]:
        """Return the event's kind as a receiver sees it: its type and, where it has one, its action."""
        in_header = bool(event_format.scheme.type_header)
        event_type = self._type() if in_header else at_key(self.document, event_format.key_of_type)
        return event_type, at_key(self.document, ACTION)

    def _type(self) -> str:
        """Return the event's type: the webhook's name, without the action that the body also contains."""
        action = at_key(self.document, ACTION)
        ending = f"-{action}".replace("_", "-")
        if isinstance(action, str) and self.webhook.endswith(ending):
            return self.webhook.removesuffix(ending).replace("-", "_")
        return self.webhook


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one document."""

    valid: tuple[GeneratedEvent, ...] = ()
    invalid: tuple[GeneratedEvent, ...] = ()
    bounds: str = ""
    """What a limit left out, and which webhooks have no events; empty where nothing is missing."""


def generate_events(spec: Spec, *, random_seed: int, event_format: EventFormat, like: str = "") -> Generated:
    """Return events for each webhook with a schema, the same for the same seed.

    ``event_format`` determines where they get their new ids; ``like`` is an example of these, by default the scheme's.
    """
    like = like or event_format.scheme.id_example
    schemas = EventSchemas(spec)
    described = _described(spec)
    chosen = _spread(list(described), MAX_WEBHOOKS)
    share = _share(len(chosen))
    as_operations = _as_operations(spec, {name: described[name] for name in chosen})
    valid: list[GeneratedEvent] = []
    invalid: list[GeneratedEvent] = []
    for operation in Spec(as_operations, spec.source).operations:
        name = _name(operation.raw.path)
        honest = [
            b
            for b in generation.bodies(operation.raw, generation.VALID, examples=share.valid, seed=random_seed)
            if schemas.fits(name, b)
        ]
        wrong = generation.bodies(operation.raw, generation.INVALID, examples=share.random, seed=random_seed)
        broken = (b for b in chain(wrong, _spoilt(honest[0]) if honest else ()) if not schemas.fits(name, b))
        valid += (_event(name, body, schemas, event_format, like, valid=True) for body in honest)
        most = share.random + share.spoilt
        invalid += (_event(name, body, schemas, event_format, like, valid=False) for body in islice(broken, most))
    bounds = _bounds(list(described), chosen, share, {event.webhook for event in valid})
    return Generated(valid=tuple(valid), invalid=tuple(invalid), bounds=bounds)


def _event(
    name: str, body: Any, schemas: EventSchemas, event_format: EventFormat, like: str, *, valid: bool
) -> GeneratedEvent:
    renamed = event_format.fresh(_as_event(event_format, name, body), like)
    keeps_id = schemas.fits(name, json.loads(renamed.body)) is not valid
    return GeneratedEvent(webhook=name, document=body, valid=valid, keeps_id=keeps_id)


def _as_event(event_format: EventFormat, event_type: str, document: Any) -> Event:
    return event_format.made(event_type, json.dumps(document).encode())


class _Share(NamedTuple):
    """The number of events for each webhook."""

    valid: int
    random: int
    spoilt: int


def _share(webhooks: int) -> _Share:
    each = max(1, BODIES // max(1, webhooks))
    valid = min(VALID, max(1, each // 4))
    return _Share(valid, min(INVALID, each - valid), min(SPOILT, SPOILT_IN_ALL // max(1, webhooks)))


def _spread(names: list[str], most: int) -> list[str]:
    """Return at most ``most`` of the names, spread over the list."""
    step = max(1.0, len(names) / most)
    return [names[int(number * step)] for number in range(min(most, len(names)))]


def _bounds(described: list[str], chosen: list[str], share: _Share, made: set[str]) -> str:
    texts = []
    if len(chosen) < len(described):
        texts.append(f"only {len(chosen)} of {len(described)} webhooks, spread over the document")
    if share != (VALID, INVALID, SPOILT):
        texts.append(f"at most {share.valid} valid and {share.random + share.spoilt} invalid events for each webhook")
    if none := [name for name in chosen if name not in made]:
        more = ", ..." if len(none) > 3 else ""
        texts.append(
            f"no valid event could be generated for {len(none)} of {len(chosen)} webhooks ({', '.join(none[:3])}{more})"
        )
    return "; ".join(texts)


def _described(spec: Spec) -> dict[str, Any]:
    """Return the schema of each webhook with a JSON body."""
    return {webhook.path: webhook.body["schema"] for webhook in spec.webhooks if webhook.body_place}


def _as_operations(spec: Spec, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with its webhooks as operations, because Schemathesis generates only for operations.

    Their own parameters are left out: the scheme writes the headers.
    """
    paths = {}
    for name, schema in schemas.items():
        content = {"application/json": {"schema": schema}}
        post = {"requestBody": {"required": True, "content": content}, "responses": {"200": {"description": ""}}}
        paths[_BASE + escaped(name)] = {"post": post}
    others = {k: v for k, v in spec.raw.items() if k not in ("webhooks", "x-webhooks", "security", "servers")}
    return {**others, "paths": paths}


def _name(path: str) -> str:
    return steps_of(f"/{path.removeprefix(_BASE)}")[0]


def _spoilt(document: Any, depth: int = 2) -> Iterator[Any]:
    """Yield the document with one field missing or of another type, outer fields first."""
    if not isinstance(document, dict) or depth == 0:
        return
    yield from ({k: v for k, v in document.items() if k != key} for key in document)
    yield from ({**document, key: other} for other in _OTHERS for key in document)
    for key, value in document.items():
        yield from ({**document, key: inner} for inner in _spoilt(value, depth - 1))
