"""What is true of a response, but nobody would correct: reported as a note, which decides nothing."""

from __future__ import annotations

import re
from typing import Any

import httpx

from harness.openapi.operation import METHODS, Operation
from harness.openapi.response_causes import worded

_REFUSALS = frozenset({400, 422})
"""Statuses of refused input (RFC 9110 sections 15.5.1 and 15.5.21)."""
_UNKNOWN_METHOD = frozenset({404, 501})
_GRAMMAR = "the answer is about a text whose grammar the schema does not describe"
_TOGETHER = "the answer is about members that do not fit together, which a schema cannot describe"
_DESCRIBING = frozenset({"enum", "const", "pattern", "format", "maxLength", "minLength"})
"""Keywords that define which texts are valid."""
_WORD = re.compile(r"\w+")


def note_of(failure: Any, operation: Operation, response: httpx.Response) -> str:
    """Return why nobody would correct what a check found; empty where somebody would."""
    check, status = next(iter(type(failure).checks), ""), response.status_code
    if check == "unsupported_method" and status in _UNKNOWN_METHOD:
        return f"{status} refuses a method that is not declared, for which HTTP has 405 (RFC 9110 section 15.5.6)"
    if check == "allow_header_conformance" and not failure.missing_methods:
        methods = [m for m in failure.undocumented_methods if m.lower() not in METHODS]
        return "Allow names a method that OpenAPI cannot describe" if methods == failure.undocumented_methods else ""
    if check == "not_a_server_error" and status > 500 and str(status) in operation.responses:
        return f"{status} is documented, so the server refuses on purpose"
    if check == "positive_data_acceptance" and status in _REFUSALS and operation.key_of(status):
        return _beyond_schema(operation, response)
    return ""


def _beyond_schema(operation: Operation, response: httpx.Response) -> str:
    """Return why no schema can describe that input is refused, by the members that the answer names.

    A text of the query may be in a language of its own, such as a filter; a member of the body is data.
    """
    words = set(_WORD.findall(worded(response)))
    queries = {p["name"]: operation.document.resolved(p.get("schema", p)) for p in operation.parameters if _in_query(p)}
    properties = operation.document.resolved(operation.body.get("schema")).get("properties")
    named = words & {*queries, *(properties if isinstance(properties, dict) else ())}
    if len(named) > 1:
        return _TOGETHER
    return _GRAMMAR if named and all(name in queries and _is_free_text(queries[name]) for name in named) else ""


def _in_query(parameter: dict[str, Any]) -> bool:
    return parameter.get("in") == "query"


def _is_free_text(schema: dict[str, Any]) -> bool:
    return schema.get("type") in ("string", ["string", "null"]) and _DESCRIBING.isdisjoint(schema)
