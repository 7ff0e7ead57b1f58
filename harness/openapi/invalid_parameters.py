"""Queries and headers that the document forbids, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.http.message import PRECONDITIONS
from harness.openapi.inputs import IGNORED
from harness.openapi.invalid_bodies import numbers_beyond, parts_of
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

_TEXT = "harness made this up!"


class InvalidParameter(NamedTuple):
    """One query or header that the document forbids."""

    change: str
    """What is wrong with it, in words that are the same for every operation: ``text for a number``."""
    place: str
    """``query`` or ``header``."""
    name: str
    text: str


def invalid_parameters(spec: Spec, operation: Operation) -> list[InvalidParameter]:
    """Return queries and headers that the schemas of an operation forbid."""
    inputs = spec.inputs(operation)
    known = set(inputs.look(operation.made_up_path, (), None).violations)
    found = []
    for each in _candidates(spec, operation):
        if each.place == "query":
            look = inputs.look(f"{operation.made_up_path}?{each.name}={each.text}", (), None)
        else:
            look = inputs.look(operation.made_up_path, [(each.name, each.text)], None)
        if any(f"{each.name}: " in violation for violation in set(look.violations) - known):
            found.append(each)
    return found


def _candidates(spec: Spec, operation: Operation) -> Iterator[InvalidParameter]:
    for parameter in operation.parameters:
        name, place = parameter["name"], parameter.get("in")
        if place not in ("query", "header") or name.lower() in IGNORED | PRECONDITIONS:
            continue
        parts = parts_of(spec, parameter.get("schema", parameter))
        yield from (InvalidParameter(change, place, name, text) for change, text in _texts(parts))


def _texts(parts: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    types = {part["type"] for part in parts if isinstance(part.get("type"), str)}
    if types & {"integer", "number"}:
        yield "text for a number", "harness"
        yield from (("a number that its limits exclude", str(number)) for number in numbers_beyond(parts))
    elif "boolean" in types:
        yield "text for a boolean", "harness"
    elif any(not {"enum", "const", "pattern"}.isdisjoint(part) for part in parts):
        yield "a text that its limits exclude", _TEXT
