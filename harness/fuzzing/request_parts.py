"""The parts of a request that can be left out, or replaced by one that is known to be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from harness.core.encodable import json_bytes
from harness.errors import HarnessError
from harness.fuzzing.defects import StoredRequest
from harness.http.message import is_json
from harness.openapi.examples import valid_bodies
from harness.openapi.generation import Ungenerable
from harness.openapi.operation import Operation

Part = Callable[[StoredRequest], StoredRequest]
"""Returns a request without the part."""
BODY = "body"
_OF_BODY = "content-type"


def without(step: StoredRequest, parts: Iterable[Part]) -> StoredRequest:
    """Return a request without some parts."""
    for leave_out in parts:
        step = leave_out(step)
    return step


def parts_of(step: StoredRequest, operation: Operation, valid: StoredRequest | None) -> dict[str, Part]:
    """Return the parts that the document does not require, by name, such as ``query limit``, and the body.

    ``valid`` is a request whose body takes the place of the body, or of none. All undeclared headers are one part, and
    so are all undeclared members of the query: their names differ in every run.
    """
    headers: dict[str, set[str]] = {}
    queries: dict[str, set[str]] = {}
    declared = _declared(operation)
    for name, _ in step.headers:
        if name.lower() not in (_OF_BODY, "cookie"):
            headers.setdefault(_part_of("header", name, declared), set()).add(name)
        elif name.lower() == "cookie" and not any(p["in"] == "cookie" and p.get("required") for p in declared.values()):
            headers.setdefault("cookies", set()).add(name)
    for name in _names(step):
        queries.setdefault(_part_of("query", name, declared), set()).add(name)
    found: dict[str, Part] = {part: partial(_without_headers, names) for part, names in headers.items()}
    found |= {part: partial(_without_query, names) for part, names in queries.items()}
    if valid.body != step.body if valid is not None else step.body:
        found[BODY] = partial(_with_body, valid)
    return {part: leave_out for part, leave_out in found.items() if part}


def is_valid_write(operation: Operation, step: StoredRequest) -> bool:
    """Whether a request that succeeded has a body that another one can have."""
    return bool(step.body) and step.method == operation.method and len(step.body or b"") <= 1 << 16


def valid_write(operation: Operation, step: StoredRequest, accepted: StoredRequest | None) -> StoredRequest | None:
    """Return a request with a valid body: that of an ``accepted`` one, else the simplest; None where none is known."""
    if accepted is not None or not operation.body_place:
        return accepted
    kind = next((kind for kind, place in operation.bodies.items() if place and is_json(kind)), "")
    with suppress(HarnessError, Ungenerable):
        for body in valid_bodies(operation, random_seed=0):
            return msgspec.structs.replace(step, headers=((_OF_BODY, kind),), body=json_bytes(body))
    return None


def _declared(operation: Operation) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the parameters by place and name, which of a header is in lower case."""
    found = ((str(p.get("in")), p) for p in operation.parameters)
    return {(place, p["name"].lower() if place == "header" else p["name"]): p for place, p in found}


def _part_of(place: str, name: str, declared: dict[tuple[str, str], dict[str, Any]]) -> str:
    """Return the name of a part; empty where the document requires it."""
    name = name.lower() if place == "header" else name
    parameter = declared.get((place, name)) or declared.get((place, name.partition("[")[0]))
    if parameter is None:
        return "an undeclared header" if place == "header" else "an undeclared member of the query"
    return "" if parameter.get("required") is True else f"{place} {parameter['name']}"


def _names(step: StoredRequest) -> list[str]:
    query = step.path.partition("?")[2]
    return [_name(pair) for pair in query.split("&") if pair]


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])


def _without_headers(names: set[str], step: StoredRequest) -> StoredRequest:
    return msgspec.structs.replace(step, headers=tuple((k, v) for k, v in step.headers if k not in names))


def _without_query(names: set[str], step: StoredRequest) -> StoredRequest:
    path, _, query = step.path.partition("?")
    query = "&".join(pair for pair in query.split("&") if pair and _name(pair) not in names)
    return msgspec.structs.replace(step, path=f"{path}?{query}" if query else path)


def _with_body(valid: StoredRequest | None, step: StoredRequest) -> StoredRequest:
    headers = [(k, v) for k, v in step.headers if k.lower() != _OF_BODY]
    if valid is not None:
        headers += [(k, v) for k, v in valid.headers if k.lower() == _OF_BODY]
    return msgspec.structs.replace(step, headers=tuple(headers), body=valid.body if valid is not None else None)
