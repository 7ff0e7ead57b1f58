"""Which schemas of a document describe which value in a body."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from harness.openapi.json_document import JsonDocument

MOST = 2000
"""Pairs of a value and a schema that are checked in one body."""
MAX_DEPTH = 6
"""Of schemas combined of others."""


class DescribedValue(NamedTuple):
    """One value in a body, with one of the schemas that describe it."""

    path: tuple[str | int, ...]
    value: Any
    schema: dict[str, Any]


def described_values(document: JsonDocument, schema: Any, value: Any) -> list[DescribedValue]:
    """Return every value in a body with each schema that describes it, through references and combinations."""
    return list(islice(_walk(document, schema, value, (), MAX_DEPTH), MOST))


def _walk(
    document: JsonDocument, schema: Any, value: Any, path: tuple[str | int, ...], depth: int
) -> Iterator[DescribedValue]:
    found = document.resolved(schema)
    yield DescribedValue(path, value, found)
    for key in ("allOf", "anyOf", "oneOf"):
        for part in found.get(key) or () if depth and isinstance(found.get(key), list) else ():
            yield from _walk(document, part, value, path, depth - 1)
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        if isinstance(described := _below(found, step), dict):
            yield from _walk(document, described, inner, (*path, step), MAX_DEPTH)


def _below(schema: dict[str, Any], step: str | int) -> Any:
    """Return the schema of a member or an entry; None where this one has none."""
    if isinstance(step, int):
        return schema.get("items")
    properties = schema.get("properties")
    named = properties.get(step) if isinstance(properties, dict) else None
    return named if named is not None else schema.get("additionalProperties")
