"""Formats that documents read otherwise than JSON Schema does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs

_LOCAL_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?")
_FULL_TIME = jsonschema_rs.Draft202012Validator({"format": "time"}, validate_formats=True)


def formats_of(document: dict[str, Any]) -> dict[str, Callable[[str], bool]]:
    """Return the formats that a document reads otherwise than JSON Schema 2020-12 does, with their checks.

    Before OpenAPI 3.1, ``time`` is not defined, and documents mean by it a time with or without an offset. By a
    ``duration`` some mean that of ISO 8601, and others that of Go, such as ``1m30s``: any text is one.
    """
    modern = str(document.get("openapi", "")).startswith(("3.1", "3.2"))
    return {"duration": lambda _: True} | ({} if modern else {"time": _is_time})


def _is_time(text: str) -> bool:
    return is_local_time(text) or bool(_FULL_TIME.is_valid(text))


def is_local_time(value: object) -> bool:
    """Whether a value is a time without an offset (RFC 3339 section 5.6, ``partial-time``)."""
    return isinstance(value, str) and _LOCAL_TIME.fullmatch(value) is not None
