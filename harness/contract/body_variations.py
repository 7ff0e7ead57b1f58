"""Bodies for one resource after another, and new values of members: valid, and different from each other."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterator, Mapping
from itertools import tee
from typing import Any

from harness.contract.readback import STATES
from harness.core.plain_names import plain
from harness.openapi.examples import valid_bodies
from harness.openapi.json_document import JsonDocument, items
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

MAX_DEPTH = 6
MOST_EXACT = 2**53 - 1
"""The largest integer that every JSON library keeps (RFC 8259 section 6)."""
_MOST_OF_32_BITS = 2**31 - 1
_FIRST_PLANE = 0xFFFF
LONGEST = 1000
"""Characters of a text, whatever longer one the document allows."""
MOST_BODIES = 6
"""Bodies that are tried for one resource."""
_NULL = ({"type": "null"}, {"enum": [None]}, {"const": None})
_REFERS = (
    *("id", "ids", "ref", "code", "currency", "country", "locale", "language", "lang", "timezone", "zone", "unit"),
    *("phone", "fax", "mobile", "tel", "zip", "iban", "vat", "color", "colour", "path", "mime", "mimetype"),
)
"""Ends of plain names of members whose texts are no free choice."""
_WORD_LISTS = ("tags", "labels", "keywords", "topics", "aliases")
"""Ends of plain names of lists whose texts refer to nothing."""
NAMES = ("name", "title", "label", "description", "subject", "note", "notes", "text", "summary", "comment", "content")
"""Ends of plain names of members that hold any text."""


def members(document: JsonDocument, schema: Any, depth: int = MAX_DEPTH) -> dict[str, dict[str, Any]]:
    """Return the schemas of an object's members by name, through references and ``allOf``; null is left aside."""
    found: dict[str, dict[str, Any]] = {}
    resolved = document.resolved(schema)
    for part in resolved.get("allOf") or () if depth and isinstance(resolved.get("allOf"), list) else ():
        found.update(members(document, part, depth - 1))
    found.update({name: _plain_schema(document, each) for name, each in items(resolved.get("properties"))})
    return found


def _plain_schema(document: JsonDocument, schema: Any, depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Return a schema without its choice of null and with its parts in one."""
    made = dict(document.resolved(schema))
    flags = {
        key: schema[key] for key in ("readOnly", "writeOnly", "default") if isinstance(schema, dict) and key in schema
    }
    for key in ("anyOf", "oneOf", "allOf"):
        parts = made.get(key)
        choices = [part for part in parts if part not in _NULL] if isinstance(parts, list) else []
        if depth and len(choices) == 1:
            made = {**{k: v for k, v in made.items() if k != key}, **_plain_schema(document, choices[0], depth - 1)}
    if isinstance(made.get("type"), list):
        types = [each for each in made["type"] if each != "null"]
        made["type"] = types[0] if len(types) == 1 else made["type"]
    return {**made, **flags}


def word() -> str:
    """Return a text that stands nowhere else, and shares no part with another."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))


def values(schema: Mapping[str, Any], current: Any) -> Iterator[Any]:
    """Yield values that a member may be changed to, the plainest first; they may break its schema."""
    if isinstance(schema.get("enum"), list):
        yield from (value for value in schema["enum"] if value is not None)
        return
    kind = schema.get("type")
    if kind == "boolean":
        yield from (current is not True, current is True)
    elif kind in ("integer", "number"):
        yield from _numbers(schema, current)
    elif kind == "string":
        yield from _texts(schema, current)
    elif kind == "array" and isinstance(schema.get("items"), dict):
        yield from ([word(), word()], [])


def _numbers(schema: Mapping[str, Any], current: Any) -> Iterator[Any]:
    base = current if isinstance(current, int | float) and not isinstance(current, bool) else 16
    step = schema.get("multipleOf", 1)
    yield from (
        base + step,
        base - step,
        0,
        _shorter(base),
        *(schema[key] for key in ("minimum", "maximum") if key in schema),
    )
    if schema.get("type") == "number":
        yield base + 0.25
        return
    most = schema.get("maximum", MOST_EXACT if schema.get("format") == "int64" else 0)
    if isinstance(most, int) and most > _MOST_OF_32_BITS:
        yield min(MOST_EXACT, most)


def is_hard(value: Any) -> bool:
    """Whether a value is one that some stores do not keep: beyond 32 bits, or beyond Unicode's first plane."""
    if isinstance(value, int | float):
        return abs(value) > _MOST_OF_32_BITS
    return isinstance(value, str) and any(ord(c) > _FIRST_PLANE for c in value)


def _shorter(base: float) -> int:
    """Return a lesser number that is greater as a text: 9 where there is 16."""
    return int(9 * 10 ** max(0, len(str(abs(int(base)))) - 2))


def _texts(schema: Mapping[str, Any], current: Any) -> Iterator[str]:
    known = {
        "email": f"{word()}@example.com",
        "date": "2031-03-04",
        "date-time": "2031-03-04T05:06:07Z",
        "uri": "",
        "url": "",
        "uuid": "",
    }
    made = known.get(str(schema.get("format", "")), word())
    if isinstance(current, str) and current.startswith(("http:", "https:")):
        yield f"{current.rstrip('/')}/{word()}"
    elif isinstance(current, str) and current.partition("@")[2]:
        yield f"{word()}@{current.partition('@')[2]}"
    if not made:
        return
    most = schema.get("maxLength")
    yield made[:most] if isinstance(most, int) else made
    if "format" not in schema:
        # As long as the document allows: what is cut where it is stored is found only then.
        yield f"{made} Zoë 東京".ljust(min(most, LONGEST) if isinstance(most, int) else 0, "x")
        yield f"{made} \N{BICYCLE} a"
        yield ""


def is_free(name: str, schema: Mapping[str, Any]) -> bool:
    """Whether a client chooses the value of a member, which refers to nothing and is no state."""
    named = plain(name)
    is_chosen = schema.get("type") == "boolean" or "enum" in schema
    refers = not is_chosen and named.endswith(_REFERS)
    is_list_of_others = schema.get("type") == "array" and not named.endswith(_WORD_LISTS)
    return not (refers or is_list_of_others or named in STATES or schema.get("readOnly") is True)


class BodyWriter:
    """Writes bodies for one operation that creates."""

    def __init__(self, spec: Spec, operation: Operation, *, known: Callable[[str], Any], random_seed: int) -> None:
        """``known`` returns the value of a reference such as ``projectId`` to a real resource, None for none."""
        self._known = known
        self._bases = valid_bodies(operation, random_seed=random_seed)
        self._fits = spec.of_requests.at(operation.body_place) if operation.body_place else None
        self.members = members(spec, operation.body.get("schema")) if operation.body else {}
        """Schemas of the members that a client may write, by name."""

    def bodies(self, number: int) -> Iterator[Any]:
        """Yield bodies for the resource of that number, those with most members first; no two resources are alike."""
        self._bases, bases = tee(self._bases)
        for base in bases:
            if not isinstance(base, dict):
                yield base
                continue
            referring = self._put(base, {name: self._known(name) for name in self.members})
            plainest = self._changes(referring, at=0)
            named = {name: value for name, value in plainest.items() if plain(name).endswith(NAMES)}
            required = {name: value for name, value in plainest.items() if name in base}
            for chosen in (self._changes(referring, at=number), plainest, required, named, {}):
                made = self._put(referring, chosen)
                yield dict(reversed(made.items())) if number % 2 else made

    def _changes(self, base: dict[str, Any], *, at: int) -> dict[str, Any]:
        """Return another value for each member that is free to have one: of those that are valid, the one ``at``."""
        found = {}
        for name, schema in self.members.items():
            current = False if schema.get("type") == "boolean" else base.get(name)  # the first is true, the second not
            options = [v for v in values(schema, current) if self.is_valid({**base, name: v})]
            if options and is_free(name, schema):
                found[name] = options[at % len(options)]
        return found

    def _put(self, base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return a body with those changes that leave it valid, one after the other."""
        for name, value in changes.items():
            if value is not None and self.is_valid({**base, name: value}):
                base = {**base, name: value}
        return base

    def is_text(self, name: str, value: Any) -> bool:
        """Whether a member holds any text, so that two resources differ in it."""
        schema = self.members.get(name, {})
        return isinstance(value, str) and "enum" not in schema and not str(schema.get("format", "")).startswith("date")

    def is_valid(self, body: Any) -> bool:
        """Whether the operation takes a body."""
        return self._fits is not None and bool(self._fits.is_valid(body))
