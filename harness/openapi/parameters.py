"""The parameters of a concrete request, by the styles of OpenAPI 3 and the formats of 2.0: what each may mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from harness.core.pointers import escaped
from harness.http.message import is_json
from harness.openapi.json_document import JsonDocument
from harness.openapi.operation import Operation
from harness.openapi.routes import PARAMETER

BETWEEN = {
    "ssv": " ",
    "tsv": "\t",
    "pipes": "|",
    "spaceDelimited": " ",
    "pipeDelimited": "|",
}
"""Separator of the values of a list (2.0 ``collectionFormat``, 3.x ``style``); a comma otherwise."""

Given = Mapping[str, list[str]]


def name_of(parameter: Mapping[str, Any]) -> str:
    """Return how a parameter is called in a table: ``query limit``."""
    return f"{parameter.get('in')} {parameter['name']}"


def given(operation: Operation, target: str, headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the texts of each parameter that a request gives, by `name_of`; ``target`` is a URL, or path and query."""
    parts = urlsplit(target)
    by_header: dict[str, list[str]] = {}
    for name, value in headers:
        by_header.setdefault(name.lower(), []).append(value)
    cookies = (pair.strip().partition("=") for line in by_header.get("cookie", ()) for pair in line.split(";"))
    places: dict[str, Given] = {
        "query": _gathered(parse_qsl(parts.query, keep_blank_values=True)),
        "path": _in_path(operation.path, parts.path),
        "header": by_header,
        "cookie": _gathered((name, value) for name, _, value in cookies),
    }
    found = {}
    for parameter in operation.parameters:
        values = _of(operation.document, parameter, places.get(str(parameter.get("in")), {}))
        if values:
            found[name_of(parameter)] = values
    return found


def readings(document: JsonDocument, parameter: Mapping[str, Any], values: list[str]) -> list[Any]:
    """Return what the texts of a parameter may mean: each type that they can be read as, and a list of several.

    None at all for an object, which is spread over names and texts in one of many styles.
    """
    if any(is_json(kind) for kind in parameter.get("content") or ()):
        return [_json(values[-1])]
    if is_object(document, parameter):
        return []
    text = _bare(parameter, values[-1])
    between = BETWEEN.get(str(parameter.get("collectionFormat") or parameter.get("style")), ",")
    texts = values if len(values) > 1 else text.split(between)
    lists = [[_scalar(t) for t in texts], texts]
    return [*lists, _scalar(text), text] if len(values) > 1 else [_scalar(text), text, *lists]


def is_object(document: JsonDocument, parameter: Mapping[str, Any]) -> bool:
    """Whether the value of a parameter is an object."""
    schema = document.resolved(parameter.get("schema"))
    return "object" in str(schema.get("type", "")) or "properties" in schema


def schema_place(pointer: str, parameter: Mapping[str, Any]) -> str:
    """Return the place of a parameter's schema: below it or, in OpenAPI 2.0, the parameter itself; empty for none."""
    if "schema" in parameter:
        return f"{pointer}/schema"
    kinds = [kind for kind in parameter.get("content") or () if is_json(kind)]
    if kinds:
        return f"{pointer}/content/{escaped(kinds[0])}/schema"
    return pointer if "type" in parameter else ""


def _of(document: JsonDocument, parameter: Mapping[str, Any], texts: Given) -> list[str]:
    """Return the texts that a parameter has; those of a spread object all."""
    name = str(parameter["name"]).lower() if parameter.get("in") == "header" else str(parameter["name"])
    if values := texts.get(name) or texts.get(f"{name}[]"):
        return values
    if parameter.get("in") not in ("query", "cookie") or not is_object(document, parameter):
        return []
    known = document.resolved(parameter.get("schema")).get("properties") or ()
    return [v for n, values in texts.items() if n.startswith(f"{name}[") or n in known for v in values]


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _in_path(template: str, path: str) -> dict[str, list[str]]:
    """Return the parameters of a path template with their values in ``path``, which may have a prefix."""
    parts = PARAMETER.split(template)
    pattern = "".join(re.escape(part) if i % 2 == 0 else "([^/]+)" for i, part in enumerate(parts))
    found = re.search(f"{pattern}/?$", path)
    return {name: [unquote(value)] for name, value in zip(parts[1::2], found.groups(), strict=True)} if found else {}


def _bare(parameter: Mapping[str, Any], text: str) -> str:
    """Return the value of a path parameter without what its style puts before it (OpenAPI 3, Style Values)."""
    if parameter.get("style") == "label":
        return text.removeprefix(".")
    if parameter.get("style") == "matrix":
        return text.removeprefix(f";{parameter['name']}=")
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _scalar(text: str) -> Any:
    value = _json(text)
    return text if isinstance(value, dict | list) else value
