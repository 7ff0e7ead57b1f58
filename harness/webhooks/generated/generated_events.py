"""Events generated from the document's ``webhooks``: valid ones for a receiver to take, invalid ones to refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice
from typing import Any, NamedTuple

import msgspec
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core import NOT_SET

from harness.core.pointers import escaped, steps_of
from harness.model import Event
from harness.openapi.document import Document
from harness.openapi.event_schemas import ACTION, EventSchemas
from harness.openapi.spec_document import Spec

VALID, INVALID, SPOILT = 5, 15, 40
"""Events for each webhook: valid ones, invalid ones by chance, and those made of a valid one by taking a field away or
giving it another type, which chance may pass over."""
BODIES, SPOILT_IN_ALL = 400, 2000
"""The same for a whole document: where it has many webhooks, each gets a fair share."""
MAX_WEBHOOKS = 400
_OTHERS: tuple[Any, ...] = (None, 0, "text", [], {})
_BASE = "/generated/"
_AN_ID = "evt_00000000_1_1"
"""Like the ids that events are delivered under."""


class GeneratedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that nobody ever sent."""

    webhook: str
    document: Any
    """The JSON body."""
    valid: bool
    keeps_id: bool = False
    """Whether it is as valid as it says under its own id alone."""

    def event(self, *, id_key: str, type_header: str, new_id: str) -> Event:
        """Return it as an event under ``new_id``; one whose body cannot hold that has no id to ask by.

        ``id_key`` names the key of the body that holds the id, dots leading inwards, empty where a header does;
        ``type_header`` the header of the type, empty where the body holds it.
        """
        keys = id_key.split(".")
        body = _with_id(self.document, keys, new_id) if id_key and not self.keeps_id else self.document
        if id_key and _at(body, keys) != new_id:
            new_id = ""
        kind = (("content-type", "application/json"), *(((type_header, self._type()),) if type_header else ()))
        name = f"{self.webhook} ({'valid' if self.valid else 'invalid'})"
        return Event(name=name, type=self._type(), id=new_id, body=json.dumps(body).encode(), headers=kind)

    def kind(self, *, type_key: str, type_header: str) -> tuple[Any, Any]:
        """Return what a receiver knows the event's kind by: its type and, where it has one, its action."""
        said = self._type() if type_header else _at(self.document, type_key.split("."))
        return said, _at(self.document, [ACTION])

    def _type(self) -> str:
        """Return the event's type: the webhook's name, without the action that the body tells besides."""
        action = _at(self.document, [ACTION])
        ending = f"-{action}".replace("_", "-")
        if isinstance(action, str) and self.webhook.endswith(ending):
            return self.webhook.removesuffix(ending).replace("-", "_")
        return self.webhook


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one document."""

    valid: tuple[GeneratedEvent, ...] = ()
    invalid: tuple[GeneratedEvent, ...] = ()
    bounds: str = ""
    """Which webhooks they are of, and what a bound left out; empty where there is nothing to tell."""


def generate_events(spec: Spec, *, random_seed: int, id_key: str = "") -> Generated:
    """Return events for each webhook with a schema, the same for the same seed; none where none can be made.

    ``id_key`` names the key of the body that will hold another id, empty where none does.
    """
    schemas = EventSchemas(spec)
    described = _described(spec)
    chosen = _spread(list(described), MAX_WEBHOOKS)
    share = _share(len(chosen))
    as_operations = _as_operations(spec, {name: described[name] for name in chosen})
    valid: list[GeneratedEvent] = []
    invalid: list[GeneratedEvent] = []
    for result in schemathesis.openapi.from_dict(as_operations, config=schemathesis.Config()).get_all_operations():
        operation = result.ok() if hasattr(result, "ok") else None
        if operation is None:
            continue
        name = _name(operation.path)
        honest = [
            b for b in _bodies(operation, GenerationMode.POSITIVE, share.valid, random_seed) if schemas.fits(name, b)
        ]
        wrong = _bodies(operation, GenerationMode.NEGATIVE, share.random, random_seed)
        broken = (b for b in chain(wrong, _spoilt(honest[0]) if honest else ()) if not schemas.fits(name, b))
        valid += (_event(name, body, schemas, id_key, valid=True) for body in honest)
        most = share.random + share.spoilt
        invalid += (_event(name, body, schemas, id_key, valid=False) for body in islice(broken, most))
    bounds = _bounds(list(described), chosen, share, {event.webhook for event in valid})
    return Generated(valid=tuple(valid), invalid=tuple(invalid), bounds=bounds)


def _event(name: str, body: Any, schemas: EventSchemas, id_key: str, *, valid: bool) -> GeneratedEvent:
    under_new_id = _with_id(body, id_key.split("."), _AN_ID) if id_key else body
    return GeneratedEvent(
        webhook=name, document=body, valid=valid, keeps_id=schemas.fits(name, under_new_id) is not valid
    )


class _Share(NamedTuple):
    """How many events each webhook gets."""

    valid: int
    random: int
    spoilt: int


def _share(webhooks: int) -> _Share:
    each = max(1, BODIES // max(1, webhooks))
    valid = min(VALID, max(1, each // 4))
    return _Share(valid, min(INVALID, each - valid), min(SPOILT, SPOILT_IN_ALL // max(1, webhooks)))


def _spread(names: list[str], most: int) -> list[str]:
    """Return at most ``most`` of the names, from the whole list."""
    step = max(1.0, len(names) / most)
    return [names[int(number * step)] for number in range(min(most, len(names)))]


def _bounds(described: list[str], chosen: list[str], share: _Share, made: set[str]) -> str:
    told = []
    if len(chosen) < len(described):
        told.append(f"of {len(described)} webhooks only {len(chosen)}, spread over the document")
    if share != (VALID, INVALID, SPOILT):
        told.append(f"at most {share.valid} valid and {share.random + share.spoilt} invalid events for each webhook")
    if none := [name for name in chosen if name not in made]:
        more = ", ..." if len(none) > 3 else ""
        told.append(f"no valid event could be made for {len(none)} of {len(chosen)} ({', '.join(none[:3])}{more})")
    return "; ".join(told)


def _described(spec: Spec) -> dict[str, Any]:
    """Return the schema of each webhook with a JSON body."""
    document = Document(spec.document)
    contents = {n: document.json_content(document.resolved(o.get("requestBody"))) for n, o in document.webhooks()}
    return {name: media["schema"] for name, media in contents.items() if "schema" in media}


def _as_operations(spec: Spec, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with its webhooks in place of its operations, for Schemathesis generates for operations only.

    Their own parameters are left out: what belongs in the headers is for the scheme to write.
    """
    paths = {}
    for name, schema in schemas.items():
        content = {"application/json": {"schema": schema}}
        post = {"requestBody": {"required": True, "content": content}, "responses": {"200": {"description": ""}}}
        paths[_BASE + escaped(name)] = {"post": post}
    kept = {k: v for k, v in spec.document.items() if k not in ("webhooks", "x-webhooks", "security", "servers")}
    return {**kept, "paths": paths}


def _name(path: str) -> str:
    return steps_of(f"/{path.removeprefix(_BASE)}")[0]


def _bodies(operation: Any, mode: GenerationMode, examples: int, random_seed: int) -> list[Any]:
    if not examples:
        return []
    found: dict[str, Any] = {}

    @seed(random_seed)
    @settings(
        max_examples=examples,
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
    yield from ({k: v for k, v in document.items() if k != key} for key in document)
    yield from ({**document, key: other} for other in _OTHERS for key in document)
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


def _at(document: Any, keys: list[str]) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document
