"""What was wrong with an accepted body, in the words of `invalid_bodies`: one cause, whichever check found it."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

import httpx

from harness.openapi.invalid_bodies import other_types
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

_RIGHT: dict[str, Any] = {"string": "", "integer": 1, "number": 1, "boolean": True, "object": {}, "array": []}
"""By type of JSON Schema, a value of it."""
_WRONG_TYPE = re.compile(r'is not of type "(\w+)"$')


def accepted_cause(spec: Spec, operation: Operation, request: httpx.Request) -> str:
    """Return the cause of an accepted request whose body is wrong in one value of another type; else empty."""
    fits = spec.of_requests.at(operation.body_place) if operation.body_place else None
    if fits is None or not request.content:
        return ""
    try:
        errors = list(islice(fits.iter_errors(json.loads(request.content)), 2))
    except (ValueError, RecursionError):
        return ""
    expected = _WRONG_TYPE.search(errors[0].message) if len(errors) == 1 else None
    change = _change(expected[1], errors[0].instance) if expected else ""
    return f"accepts {change}" if change else ""


def _change(expected: str, value: Any) -> str:
    """Return what a value is in place of one of the ``expected`` type; empty where `invalid_bodies` has no words."""
    changes = [(change, other) for _, change, other in other_types(_RIGHT.get(expected))]
    alike = [change for change, other in changes if _kind(other) == _kind(value)]
    return next(iter((*alike, *(change for change, other in changes if type(other) is type(value)))), "")


def _kind(value: Any) -> str:
    if isinstance(value, str):
        try:
            return f"text of {type(json.loads(value)).__name__}"
        except (ValueError, RecursionError):
            return "text"
    return type(value).__name__
