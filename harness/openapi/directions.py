"""Properties that only one direction has: ``readOnly`` in responses, ``writeOnly`` in requests.

"If the property is in the ``required`` list, the ``required`` will take effect on the response only" (OpenAPI 3.0,
Schema Object, ``readOnly``; ``writeOnly`` likewise). List and flag can be in different parts of one schema, on either
side of a reference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import msgspec

from harness.openapi.references import NAMED

Resolve = Callable[[Any], dict[str, Any]]
"""Follows ``$ref`` from an object to an object."""

READ_ONLY, WRITE_ONLY = "readOnly", "writeOnly"
MAX_DEPTH = 24
"""Parts of a schema within each other that apply to one value."""
_CONDITIONS = frozenset({"not", "if"})
"""What these require decides what else applies; it demands nothing."""
_PARTS = ("allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas")
"""Keywords whose schemas apply to the same value; the first always, the others perhaps."""
_REQUIRING = frozenset({"dependentRequired", *_PARTS})
_DEEPER = frozenset({"$ref", "allOf", "anyOf", "oneOf"})
_DATA = frozenset({"example", "examples", "default", "enum", "const", "value"})
_SKIPPED = _DATA | _CONDITIONS
_NULL = ({"type": "null"}, {"enum": [None]}, {"const": None})
_CONTAINERS = (dict, list)
_NONE: frozenset[str] = frozenset()


def spellings(*flags: str) -> frozenset[str]:
    """Return the names of flags, and of the extensions used in their place in OpenAPI 2.0."""
    return frozenset(name for flag in flags for name in (flag, f"x-{flag}"))


def flags_in(root: dict[str, Any]) -> frozenset[str]:
    """Return the flags of direction that are set anywhere in a document."""
    wanted = spellings(READ_ONLY, WRITE_ONLY)
    try:
        text = msgspec.json.encode(root)  # in which quotes within texts are escaped
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return frozenset(_flags_within(root, wanted))
    return frozenset(flag for flag in wanted if f'"{flag}":true'.encode() in text)


def _flags_within(root: Any, wanted: frozenset[str]) -> Iterator[str]:
    """Yield the flags that are set in a value that cannot be written as JSON."""
    pending: list[Any] = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield from (flag for flag in wanted if node.get(flag) is True)
            node = node.values()
        pending += [child for child in node if isinstance(child, _CONTAINERS)]


def copied(node: Any, *, is_map: bool = False) -> Any:
    """Return a copy of a document for `Directions.relax` to change, which shares what that leaves alone."""
    if isinstance(node, list):
        return [copied(child) if isinstance(child, _CONTAINERS) else child for child in node]
    return {
        key: copied(child, is_map=key in NAMED and not is_map)
        if isinstance(child, _CONTAINERS) and (is_map or key not in _SKIPPED)
        else child
        for key, child in node.items()
    }


class Directions:
    """The properties that need not be there in one direction, by the schemas that require them."""

    def __init__(self, resolve: Resolve, flags: Collection[str]) -> None:
        """``flags`` mark the properties that are absent: ``readOnly`` in requests, ``writeOnly`` in responses."""
        self._resolve, self._flags = resolve, spellings(*flags)
        self._targets: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[int, bool], tuple[Any, frozenset[str]]] = {}

    def relax(self, root: Any) -> None:
        """Change every schema within ``root`` so that it requires no property of the other direction."""
        for node in _schemas_within(root):
            if _may_require(node) and (relaxed := self._relaxed(node, _NONE, MAX_DEPTH)) is not node:
                node.clear()
                node.update(relaxed)

    def forbid(self, root: Any) -> None:
        """Change every schema within ``root`` so that it allows no property of the other direction."""
        maps = [m for node in _schemas_within(root) if isinstance(m := node.get("properties"), dict)]
        for listed, name in [(m, name) for m in maps for name, schema in m.items() if self._is_absent(schema)]:
            listed[name] = False

    def is_spread(self, root: Any) -> bool:
        """Whether a schema within ``root`` that has parts requires a property of the other direction."""
        with_parts = (
            n for n in _schemas_within(root) if not _REQUIRING.isdisjoint(n) or ("$ref" in n and "required" in n)
        )
        return any(self._relaxed(node, _NONE, MAX_DEPTH) != node for node in with_parts)

    def _relaxed(self, schema: Any, outer: frozenset[str], depth: int) -> Any:
        """Return a schema that requires no absent property, itself if it does not; ``outer`` are absent anyway."""
        if not isinstance(schema, dict) or not depth or not (outer or _may_require(schema)):
            return schema
        absent = outer | self._absent(schema, always=False)
        if not absent:
            return schema
        changed = dict(_requirements(schema, absent))
        always = outer | self._absent(schema, always=True)
        for key in _PARTS:
            within = schema.get(key)
            names = absent if key == "allOf" else always
            if isinstance(within, list):
                changed[key] = [self._relaxed(part, names, depth - 1) for part in within]
            elif isinstance(within, dict) and key == "dependentSchemas":
                changed[key] = {k: self._relaxed(part, names, depth - 1) for k, part in within.items()}
            elif isinstance(within, dict):
                changed[key] = self._relaxed(within, names, depth - 1)
        relaxed = {**schema, **changed}
        if any(self._is_emptied(choice, always) for choice in _schemas(schema.get("oneOf"))):
            # Choices that only a required property told apart fit together without it.
            choices = {"anyOf": relaxed.pop("oneOf")}
            relaxed["allOf"] = [*_schemas(relaxed.get("allOf")), choices]
        return self._inlined(relaxed, absent, depth) if "$ref" in schema else relaxed

    def _inlined(self, schema: dict[str, Any], absent: frozenset[str], depth: int) -> dict[str, Any]:
        """Return a schema with what it refers to in place of the reference, if that requires too much only here."""
        target = self._target(schema)
        here = absent - self._absent(target, always=False)
        if not here or not self._requires(target, here, depth):
            return schema
        made = self._relaxed(target, absent, depth - 1)
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**beside, "allOf": [*_schemas(beside.get("allOf")), made]} if beside else made

    def _is_absent(self, schema: Any, depth: int = MAX_DEPTH) -> bool:
        """Whether a property has a flag: in any part of its schema that always applies, null aside."""
        if not isinstance(schema, dict) or not depth:
            return False
        if not self._flags.isdisjoint(schema) and any(schema.get(flag) is True for flag in self._flags):
            return True
        if _DEEPER.isdisjoint(schema):
            return False
        parts = [self._target(schema)] if "$ref" in schema else []
        if any(self._is_absent(part, depth - 1) for part in (*parts, *_schemas(schema.get("allOf")))):
            return True
        choices = [[c for c in _schemas(schema.get(key)) if c not in _NULL] for key in ("anyOf", "oneOf")]
        return any(some and all(self._is_absent(choice, depth - 1) for choice in some) for some in choices)

    def _absent(self, schema: dict[str, Any], *, always: bool, depth: int = MAX_DEPTH) -> frozenset[str]:
        """Return the names of the absent properties that the parts of a schema describe, or those that always apply."""
        key = id(schema), always
        if key not in self._names and depth:
            self._names[key] = schema, _NONE  # for references that lead back
            listed = schema.get("properties")
            found = {n for n, s in listed.items() if self._is_absent(s)} if isinstance(listed, dict) else set()
            for part in self._parts(schema, always=always):
                found |= self._absent(part, always=always, depth=depth - 1)
            self._names[key] = schema, frozenset(found)
        return self._names[key][1] if key in self._names else _NONE

    def _target(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what a schema with a reference refers to."""
        reference = str(schema["$ref"])
        if reference not in self._targets:
            self._targets[reference] = self._resolve(schema)
        return self._targets[reference]

    def _parts(self, schema: dict[str, Any], *, always: bool) -> Iterator[dict[str, Any]]:
        """Yield the schemas that apply to the same value as ``schema``, perhaps, or always."""
        if "$ref" in schema:
            yield self._target(schema)
        for key in _PARTS[:1] if always else _PARTS:
            within = schema.get(key)
            yield from _schemas(within)
            if isinstance(within, dict):
                yield from _schemas([*within.values()]) if key == "dependentSchemas" else [within]

    def _requires(self, schema: dict[str, Any], names: frozenset[str], depth: int) -> bool:
        """Whether any part of a schema requires one of these properties."""
        if not depth:
            return False
        if any(_requirements(schema, names)):
            return True
        return any(self._requires(part, names, depth - 1) for part in self._parts(schema, always=False))

    def _is_emptied(self, choice: dict[str, Any], outer: frozenset[str]) -> bool:
        """Whether nothing is left of what a choice requires."""
        schema = self._target(choice) if "$ref" in choice else choice
        required = schema.get("required")
        absent = outer | self._absent(schema, always=False)
        return isinstance(required, list) and bool(required) and absent.issuperset(map(str, required))


def _schemas_within(root: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects that may be schemas, each before what it has within it by then."""
    nodes: list[Any] = [root]
    maps: list[dict[str, Any]] = []
    while nodes or maps:
        if maps:
            nodes += [child for child in maps.pop().values() if isinstance(child, _CONTAINERS)]
            continue
        node = nodes.pop()
        if isinstance(node, list):
            nodes += [child for child in node if isinstance(child, _CONTAINERS)]
            continue
        yield node
        for key, child in node.items():
            if isinstance(child, dict) and key in NAMED and key not in _SKIPPED:
                maps.append(child)
            elif isinstance(child, _CONTAINERS) and key not in _SKIPPED:
                nodes.append(child)


def _may_require(schema: dict[str, Any]) -> bool:
    return not _REQUIRING.isdisjoint(schema) or isinstance(schema.get("required"), list)


def _requirements(schema: dict[str, Any], names: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Yield each keyword that requires one of these properties, and what is left of it."""
    required, dependent = schema.get("required"), schema.get("dependentRequired")
    if isinstance(required, list) and any(name in names for name in required if isinstance(name, str)):
        yield "required", [name for name in required if name not in names]
    if isinstance(dependent, dict):
        left = {k: [n for n in v if n not in names] if isinstance(v, list) else v for k, v in dependent.items()}
        if left != dependent:
            yield "dependentRequired", left


def _schemas(listed: Any) -> list[dict[str, Any]]:
    return [schema for schema in listed if isinstance(schema, dict)] if isinstance(listed, list) else []
