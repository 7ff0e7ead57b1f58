"""Request bodies that the document allows: its own examples, generated ones, and slightly different ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from harness.openapi.document import Described, Document
from harness.openapi.generation import VALID, bodies
from harness.openapi.spec_document import Operation

GENERATED = 5


def examples(document: Document, media: dict[str, Any]) -> Iterator[Any]:
    """Yield the examples that stand beside a body or in its schema (OpenAPI 3.1, Media Type Object)."""
    if "example" in media:
        yield media["example"]
    for named in (media.get("examples") or {}).values():
        example = document.resolved(named)
        if "value" in example:
            yield example["value"]
    schema = document.resolved(media.get("schema"))
    if "example" in schema:
        yield schema["example"]
    yield from schema.get("examples") or ()


def valid_bodies(document: Document, described: Described, operation: Operation, *, random_seed: int) -> Iterator[Any]:
    """Yield bodies of an operation, the document's examples first; None alone where it takes none."""
    media = document.body(described)
    if not media:
        yield None
        return
    yield from examples(document, media)
    yield from bodies(operation.raw, VALID, examples=GENERATED, seed=random_seed)


def another_body(document: Document, schema: Any, body: Any) -> Any:
    """Return a body as valid as ``body`` that differs in one value, None where none is found.

    Choices and numbers are tried first: a changed text may well be the id of something that does not exist.
    """
    if not isinstance(body, dict):
        return None
    fits = validator(document, schema)
    properties = document.resolved(schema).get("properties") or {}
    names = sorted(properties, key=lambda n: "enum" not in document.resolved(properties[n]))
    for name in names:
        for value in _others(document.resolved(properties[name]), body.get(name)):
            changed = {**body, name: value}
            if value != body.get(name) and fits.is_valid(changed):
                return changed
    return None


def validator(document: Document, schema: Any) -> Any:
    """Return a validator of a schema that stands in ``document``, so that its references find what they name."""
    # `components` and the like beside the schema let "#/components/schemas/…" resolve within it.
    beside = {k: document.raw[k] for k in ("components", "definitions") if isinstance(document.raw.get(k), dict)}
    whole = {**beside, **schema} if "$ref" not in schema else {**beside, "allOf": [schema]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


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
