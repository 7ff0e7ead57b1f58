"""Requests held against the spec: the operation, its parameters, its body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from harness.http.message import is_json, media_type
from harness.openapi.spec_document import REDACTED, Operation, Spec

MAX_ERRORS = 5
"""Violations told of one value."""


def request_violations(
    spec: Spec, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes
) -> list[str]:
    """Return how a request breaks the document, in words; empty when it conforms.

    ``target`` is a URL, or the path and query of one. Whether credentials are there is not looked at.
    """
    path = urlsplit(target).path
    operation = spec.find(method, target)
    if operation is None:
        return [f"{method} {path}: no operation of {spec.source} describes this call"]
    sent = {name.lower(): value for name, value in headers}
    found = [*_parameters(operation, target, sent), *_body(operation, sent.get("content-type", ""), body)]
    return [f"{operation.label}: {violation}" for violation in found]


def _parameters(operation: Operation, target: str, headers: Mapping[str, str]) -> Iterator[str]:
    raw = operation.raw
    credentials = {p.name.lower() for p in raw.security.iter_parameters()} | {"authorization"}
    cookies = dict(pair.strip().partition("=")[::2] for pair in headers.get("cookie", "").split(";"))
    places: tuple[tuple[str, Any, Mapping[str, Sequence[str]]], ...] = (
        ("path parameter", raw.path_parameters, _in_path(raw.path, urlsplit(target).path)),
        ("query parameter", raw.query, parse_qs(urlsplit(target).query, keep_blank_values=True)),
        ("header", raw.headers, {name: [value] for name, value in headers.items()}),
        ("cookie", raw.cookies, {name: [value] for name, value in cookies.items()}),
    )
    for place, parameters, values in places:
        for parameter in parameters:
            name = parameter.name.lower() if place == "header" else parameter.name
            if parameter.name.lower() in credentials:
                continue
            if name in values:
                yield from _judged(f"{place} {parameter.name}", parameter, values[name])
            elif parameter.is_required and place != "path parameter":
                yield f"{place} {parameter.name} is missing"


def _in_path(template: str, path: str) -> dict[str, list[str]]:
    """Return the parameters of a path template as they stand in ``path``, which may have a prefix."""
    parts = re.split(r"\{([^{}]+)\}", template)
    pattern = "".join(re.escape(p) if i % 2 == 0 else "([^/]+)" for i, p in enumerate(parts))
    found = re.search(pattern + "$", path)
    return {name: [unquote(value)] for name, value in zip(parts[1::2], found.groups(), strict=True)} if found else {}


def _judged(what: str, parameter: Any, values: Sequence[str]) -> Iterator[str]:
    """Judge a parameter by every reading of its text: on the wire 5 may be a number or a text, and a,b a list."""
    if any(REDACTED in value for value in values):
        return  # the client holds it from a recording
    whole, items = _read(values[-1]), [_read(v) for v in values]
    lists = [items, [_read(v) for v in values[-1].split(",")], list(values), values[-1].split(",")]
    readings = [values[-1], whole, *lists]
    if _is_object(parameter) or any(parameter.is_valid(reading) for reading in readings):
        return
    reading = whole if len(values) == 1 else items
    for error in parameter.get_validator().iter_errors(reading):
        yield f"{what}: {error.message}"
        return


def _is_object(parameter: Any) -> bool:
    """Whether the value is spread over several names, in one of many styles; such are not judged."""
    schema = parameter.raw_schema
    return isinstance(schema, dict) and (schema.get("type") == "object" or "properties" in schema)


def _read(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if not isinstance(value, dict | list) else text


def _body(operation: Operation, content_type: str, body: bytes) -> Iterator[str]:
    described = list(operation.raw.body)
    if not body:
        if any(alternative.is_required for alternative in described):
            yield "a body is missing"
        return
    if not described:
        return  # RFC 9110 gives a body of GET no meaning, and forbids it nowhere
    sent = media_type(content_type)
    fitting = [alternative for alternative in described if _fits(alternative.media_type, sent)]
    if not fitting:
        known = ", ".join(alternative.media_type for alternative in described)
        yield f"content type {sent or 'none'} is not described; {known} is"
        return
    if is_json(sent):
        yield from _json(fitting[0], body)


def _fits(described: str, sent: str) -> bool:
    kind = media_type(described)
    return kind in {sent, "*/*"} or (kind.endswith("/*") and sent.startswith(kind[:-1]))


def _json(alternative: Any, body: bytes) -> Iterator[str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        yield "the body is not JSON"
        return
    told = 0
    for error in alternative.get_validator().iter_errors(document):
        if isinstance(error.instance, str) and REDACTED in error.instance:
            continue
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.instance_path)
        yield f"body ${where}: {error.message}"
        told += 1
        if told >= MAX_ERRORS:
            return
