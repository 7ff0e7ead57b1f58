"""Bodies that the document allows: its own examples, generated ones, and slightly different ones.

Functions that generate import the generator only when the examples are used up: its import takes a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from harness.core.encodable import readable_json
from harness.core.idempotency_names import is_key_member
from harness.errors import SpecError
from harness.openapi.json_document import JsonDocument, items
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

GENERATED = 5


def examples(operation: Operation) -> Iterator[Any]:
    """Yield the examples beside a JSON body or in its schema (OpenAPI 3.1, Media Type Object)."""
    return examples_of(operation.body, operation.body_place, operation.document)


def examples_of(media: dict[str, Any], place: str, document: JsonDocument) -> Iterator[Any]:
    """Yield the examples of a media type object, and of its schema, which is at ``place``; empty for none."""
    if "example" in media:
        yield media["example"]
    for _, named in items(media.get("examples")):
        example = document.resolved(named)
        if "value" in example:
            yield example["value"]
    schema = document.placed(place)[1] if place else {}
    if schema.get("example") is not None:
        yield schema["example"]
    yield from schema.get("examples") or ()


def valid_bodies(operation: Operation, *, random_seed: int) -> Iterator[Any]:
    """Yield bodies of an operation, the document's examples first; None alone where it takes none."""
    if not operation.body:
        yield None
        return
    yield from examples(operation)
    yield from _generated(operation, random_seed)


def _generated(operation: Operation, random_seed: int) -> Iterator[Any]:
    """Yield generated bodies, the simplest first; the others, which take much longer, when that is not enough."""
    first = _made(operation, random_seed, 1)
    yield from first
    yield from (body for body in _made(operation, random_seed, GENERATED) if body not in first)


@lru_cache(maxsize=2048)
def _made(operation: Operation, random_seed: int, number: int) -> tuple[Any, ...]:
    """Return generated bodies, which several checks ask for."""
    from harness.openapi.generation import VALID, bodies

    return tuple(bodies(operation.raw, VALID, examples=number, seed=random_seed))


def another_body(spec: Spec, operation: Operation, body: Any) -> Any:
    """Return a body as valid as ``body`` that differs in one value, None where none is found.

    Choices and numbers are tried first: a changed text may well be the id of something that does not exist.
    """
    fits = spec.of_requests.at(operation.body_place) if operation.body_place else None
    if not isinstance(body, dict) or fits is None:
        return None
    listed = items(spec.placed(operation.body_place)[1].get("properties"))
    properties = {name: spec.resolved(schema) for name, schema in listed}
    for name in sorted((n for n in properties if not is_key_member(n)), key=lambda n: "enum" not in properties[n]):
        for value in _others(properties[name], body.get(name)):
            changed = {**body, name: value}
            if value != body.get(name) and fits.is_valid(changed):
                return changed
    return None


def refused_body(spec: Spec, operation: Operation, body: Any) -> Any:
    """Return ``body`` without one member that it needs, None where it needs none."""
    fits = spec.of_requests.at(operation.body_place) if operation.body_place else None
    if not isinstance(body, dict) or fits is None:
        return None
    without = ({key: value for key, value in body.items() if key != name} for name in body)
    return next((changed for changed in without if not fits.is_valid(changed)), None)


def _others(schema: dict[str, Any], value: Any) -> Iterator[Any]:
    yield from schema.get("enum") or ()
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, str) and not value.startswith(("http:", "https:")):
        yield from (f"{value} again", f"{value}a", value[:-1], f"a{value}")
    elif isinstance(value, str):
        yield f"{value.rstrip('/')}/again"


def webhook_examples(spec: Spec) -> Iterator[tuple[str, bytes]]:
    """Yield name and JSON body for each webhook, the same each time.

    Raises `SpecError` when there is none, or when a schema admits nothing.
    """
    described = [webhook for webhook in spec.webhooks if webhook.body_place]
    for webhook in described:
        yield webhook.path, readable_json(_example(webhook, spec), indent=2)
    if not described:
        raise SpecError(
            f"{spec.source} describes no `webhooks` with a JSON body (OpenAPI 3.1 or later). "
            "Describe them, or write fixtures."
        )


def _example(webhook: Operation, spec: Spec) -> Any:
    """Return the first example that media type or schema gives, else the simplest value that the schema admits."""
    for example in examples(webhook):
        return example
    from harness.openapi.generation import Ungenerable, simplest

    try:
        return simplest(spec.of_either.standalone(webhook.body_place))
    except Ungenerable as exc:
        raise SpecError(
            f"{spec.source}: no example of the webhook {webhook.path!r} can be made: {exc}. "
            "Correct its schema, or give it an `example`."
        ) from None
