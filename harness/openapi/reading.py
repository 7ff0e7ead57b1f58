"""The text of an OpenAPI document, JSON or YAML, read without trusting it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from harness.core.yaml import UnreadableYamlError, YamlSyntaxError, read_yaml
from harness.errors import SpecError

MAX_BYTES = 64 * 1024 * 1024
"""Of a file that a document refers to."""


def read_document(text: bytes, place: str) -> dict[str, Any]:
    """Return the document in ``text``; raises `SpecError`, which begins with ``place``, where it came from."""
    try:
        document = parsed(text)
    except YamlSyntaxError as exc:
        line = f"line {exc.line}: " if exc.line else ""
        raise SpecError(f"{place} is neither JSON nor YAML: {line}{exc.problem}. Correct it and run again.") from None
    except RecursionError:
        raise SpecError(f"{place} is neither JSON nor YAML: it nests too deeply. Correct it and run again.") from None
    except UnreadableYamlError as exc:
        raise SpecError(f"{place} was refused: {exc}. Write it without such nesting or aliases.") from None
    if not isinstance(document, dict) or not ({"openapi", "swagger"} & document.keys()):
        raise SpecError(
            f"{place} is not an OpenAPI document: it has no `openapi` key at the top. "
            "Name the file of the API description itself."
        )
    described = any(document.get(key) for key in ("paths", "webhooks", "x-webhooks"))
    if not isinstance(document.get("paths") or {}, dict) or not described:
        raise SpecError(f"{place} describes no operation: `paths` is empty. Name a document with operations.")
    document["paths"] = document.get("paths") or {}
    return document


def parsed(text: bytes) -> Any:
    """Read JSON, which is a hundred times faster for the large documents that are written in it, else YAML.

    Raises `UnreadableYamlError`, and `RecursionError` for JSON without end.
    """
    if text.lstrip()[:1] == b"{":
        with suppress(ValueError):
            return json.loads(text)
    return read_yaml(text)
