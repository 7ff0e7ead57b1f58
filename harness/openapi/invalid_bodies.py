"""Bodies that the document forbids, each by one change of a valid one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from harness.core.pointers import pointer_of, with_value
from harness.openapi.json_document import JsonDocument, items
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

MAX_DEPTH = 6
"""Levels of a body that are changed, and of the parts of a schema that are read."""
_LONGEST = 10_000
"""Characters or entries of a value that exceeds its limit; longer ones are left out."""
_TEXT, _NUMBER = "harness", 17
_UNKNOWN = "harnessUnknown"
_EXCLUDED = "a member that the spec excludes"

Steps = tuple[str, ...]


class InvalidBody(NamedTuple):
    """One body that the document forbids."""

    change: str
    """What is wrong with it, in words that are the same for every operation: ``a number as text``."""
    pointer: str
    """Place of the change, a JSON pointer (RFC 6901)."""
    value: Any
    """What stands there; None for what is missing."""
    body: Any


class _Change(NamedTuple):
    rank: int
    """The lower, the likelier is the mistake."""
    change: str
    steps: Steps
    value: Any
    body: Any
    right: Any = None
    """A body that must be valid, so that nothing but the change is wrong; None for the valid one at hand."""


def invalid_bodies(
    spec: Spec, operation: Operation, body: Any, answered: Mapping[str, Any] | None = None
) -> list[InvalidBody]:
    """Return the bodies that one change makes invalid, the likeliest mistakes first.

    What only a ``format`` forbids is not among them, for that need not be asserted (JSON Schema 2020-12 section 7.2.1),
    nor are members that are only read. There are none where the document has no schema, or forbids ``body`` itself.
    ``answered`` are the members of the answer to it, which the document may exclude from requests.
    """
    fits = spec.of_requests.at(operation.body_place) if operation.body_place else None
    if fits is None or not fits.is_valid(body):
        return []
    schemas = parts_of(spec, spec.placed(operation.body_place)[1])
    more = _answered(body, answered or {}, schemas)
    changes = sorted((*_changes(spec, schemas, body, body, ()), *more), key=lambda c: c.rank)
    return [
        InvalidBody(c.change, pointer_of(*c.steps), c.value, c.body) for c in changes if _is_forbidden(fits, c.body)
    ]


def _answered(body: Any, answered: Mapping[str, Any], parts: list[dict[str, Any]]) -> Iterator[_Change]:
    """Yield a body with each member that only the answer has, and that the schema does not know."""
    known = {name for part in parts for name, _ in items(part.get("properties"))}
    for name in (n for n in answered if n not in known) if isinstance(body, dict) else ():
        yield _Change(1, _EXCLUDED, (name,), answered[name], {**body, name: answered[name]})


def _is_forbidden(fits: Any, body: Any) -> bool:
    return any(e.schema_path[-1:] != ["format"] for e in fits.iter_errors(body))


def parts_of(document: JsonDocument, schema: Any, depth: int = MAX_DEPTH) -> list[dict[str, Any]]:
    """Return a schema and those that it is combined of, through references."""
    found = document.resolved(schema)
    parts = [found]
    for key in ("allOf", "anyOf", "oneOf"):
        for part in found.get(key) or () if depth and isinstance(found.get(key), list) else ():
            parts += parts_of(document, part, depth - 1)
    return parts


def _alternatives(document: JsonDocument, part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schemas of which not all apply: what an absent member may be depends on the others."""
    for key in ("anyOf", "oneOf"):
        for schema in part.get(key) or () if isinstance(part.get(key), list) else ():
            yield from parts_of(document, schema)


def _changes(
    document: JsonDocument, parts: list[dict[str, Any]], whole: Any, value: Any, steps: Steps
) -> Iterator[_Change]:
    """Yield changes of a value at a place of the whole body, and of what is within it."""
    if any(part.get("readOnly") is True for part in parts):
        return
    for rank, change, other in (*other_types(value), *_beyond(parts, value)):
        yield _Change(rank, change, steps, other, with_value(whole, steps, other))
    if len(steps) == MAX_DEPTH:
        return
    if isinstance(value, dict):
        yield from _changes_of_members(document, parts, whole, value, steps)
    elif isinstance(value, list) and value:
        within = [p for part in parts if isinstance(part.get("items"), dict) for p in parts_of(document, part["items"])]
        yield from _changes(document, within, whole, value[0], (*steps, "0"))


def _changes_of_members(
    document: JsonDocument, parts: list[dict[str, Any]], whole: Any, value: dict[str, Any], steps: Steps
) -> Iterator[_Change]:
    described: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        for name, schema in items(part.get("properties")):
            described.setdefault(name, []).extend(parts_of(document, schema))
    for name, member in value.items():
        without = {key: each for key, each in value.items() if key != name}
        yield _Change(1, "a body without a required member", (*steps, name), None, with_value(whole, steps, without))
        yield from _changes(document, described.get(name, []), whole, member, (*steps, name))
    alternatives = {id(each) for part in parts for each in _alternatives(document, part)}
    always = {name for part in parts if id(part) not in alternatives for name, _ in items(part.get("properties"))}
    for name in [name for name in described if name in always - value.keys()]:
        if not any(part.get("readOnly") is True for part in described[name]):
            yield from _added(described[name], whole, (*steps, name))
    extra = {**value, _UNKNOWN: _TEXT}
    yield _Change(1, _EXCLUDED, (*steps, _UNKNOWN), _TEXT, with_value(whole, steps, extra))


def _added(parts: list[dict[str, Any]], whole: Any, steps: Steps) -> Iterator[_Change]:
    """Yield values that are wrong for an optional member which the valid body does not have.

    Null is not among them, for many providers take it for an absent one.
    """
    types = {str(part["type"]) for part in parts if isinstance(part.get("type"), str)}
    given = [part[key] for part in parts for key in ("const", "default", "example", "minimum") if key in part]
    listed = [value for part in parts for key in ("enum", "examples") for value in part.get(key) or ()]
    right = next(iter((*given, *listed, *(_PLAIN[each] for each in types if each in _PLAIN))), None)
    for rank, change, value in (*other_types(right), *_beyond(parts, right)):
        if value is None:
            continue
        yield _Change(rank, change, steps, value, with_value(whole, steps, value), with_value(whole, steps, right))


_PLAIN: dict[str, Any] = {"string": _TEXT, "integer": _NUMBER, "number": _NUMBER, "boolean": True}


def other_types(value: Any) -> Iterator[tuple[int, str, Any]]:
    """Yield rank, name and value of the other types that a value is sent as."""
    if isinstance(value, bool):
        yield 0, "a boolean as text", str(value).lower()
        yield 0, "a number for a boolean", int(value)
        yield from _rest("a boolean", value)
    elif isinstance(value, int | float):
        yield 0, "a number as text", str(value)
        yield 0, "a boolean for a number", True
        yield 2, "text for a number", _TEXT
        yield 1, "a fraction for a whole number", value + 0.5
        yield from _rest("a number", value)
    elif isinstance(value, str):
        yield 0, "a number for text", _NUMBER
        yield 2, "a boolean for text", True
        yield from _rest("text", value)
    elif isinstance(value, dict | list):
        kind = "an object" if isinstance(value, dict) else "a list"
        yield 1, f"null for {kind}", None
        yield 2, f"text for {kind}", _TEXT
        yield (2, "a list for an object", [value]) if isinstance(value, dict) else (2, "an object for a list", {})


def _rest(kind: str, value: Any) -> Iterator[tuple[int, str, Any]]:
    yield 2, f"null for {kind}", None
    yield 3, f"a list for {kind}", [value]
    yield 3, f"an object for {kind}", {"value": value}


def _beyond(parts: list[dict[str, Any]], value: Any) -> Iterator[tuple[int, str, Any]]:
    """Yield values just beyond each limit of the schemas."""
    if isinstance(value, str):
        yield from ((1, "a text that its limits exclude", text) for text in _texts(parts, value))
    elif isinstance(value, list):
        yield from ((2, "a list that its limits exclude", made) for made in _lists(parts, value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from ((1, "a number that its limits exclude", number) for number in numbers_beyond(parts))


def numbers_beyond(parts: list[dict[str, Any]]) -> Iterator[Any]:
    """Yield numbers just beyond each limit of the parts of a schema."""
    for key, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)):
        limits = (part[key] for part in parts if _is_number(part.get(key)))
        yield from (limit + step for limit in limits)
        if step and any(part.get(f"exclusive{key.capitalize()}") is True for part in parts):
            yield from (part[key] for part in parts if _is_number(part.get(key)))


def _texts(parts: list[dict[str, Any]], value: str) -> Iterator[str]:
    if any(not {"enum", "const", "pattern"}.isdisjoint(part) for part in parts):
        yield from ("harness made this up!", value + "!")
    for most in _lengths(parts, "maxLength"):
        yield value + (value or "a")[-1] * (most + 1 - len(value))
    for least in _lengths(parts, "minLength"):
        yield value[: max(0, least - 1)]


def _lists(parts: list[dict[str, Any]], value: list[Any]) -> Iterator[list[Any]]:
    if not value:
        return
    for most in _lengths(parts, "maxItems"):
        yield (value * (most + 1))[: most + 1]
    for least in _lengths(parts, "minItems"):
        yield value[: max(0, least - 1)]
    if any(part.get("uniqueItems") is True for part in parts):
        yield [*value, value[0]]


def _lengths(parts: list[dict[str, Any]], key: str) -> Iterator[int]:
    yield from (part[key] for part in parts if isinstance(part.get(key), int) and 0 < part[key] < _LONGEST)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
