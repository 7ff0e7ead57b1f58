"""What the document promises at the place that a failure speaks of, with a JSON pointer that leads there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec

from harness.core.pointers import at_pointer, child, escaped
from harness.openapi.json_document import MAX_HOPS

MAX_CHARS = 400


class SpecExcerpt(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the document."""

    pointer: str
    """JSON pointer as a URI fragment (RFC 6901 section 6)."""
    text: str
    """What stands there, as JSON; of a large object its keys."""


def spec_excerpt(document: dict[str, Any], *steps: Iterable[Any]) -> SpecExcerpt:
    """Walk from the top of the document along ``steps``, through every ``$ref``, as far as there is something.

    Each of ``steps`` is a list of keys; of several candidates for one key, written as a tuple, the first that is there
    is taken.
    """
    pointer, node = _followed(document, "#", document)
    for step in (step for group in steps for step in group):
        options = step if isinstance(step, tuple) else (step,)
        for option in map(str, options):
            with suppress(LookupError):
                pointer, node = _followed(document, f"{pointer}/{escaped(option)}", child(node, option))
                break
        else:
            if step != "$ref":
                break
    return SpecExcerpt(pointer=pointer, text=_told(node))


def _told(node: Any) -> str:
    text = json.dumps(node, ensure_ascii=False, default=str)
    if len(text) > MAX_CHARS and isinstance(node, dict):
        text = ", ".join(map(str, node))
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + " ..."


def _followed(document: dict[str, Any], pointer: str, node: Any) -> tuple[str, Any]:
    for _ in range(MAX_HOPS):
        reference = node.get("$ref") if isinstance(node, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#"):
            break
        pointer, node = reference, at_pointer(document, reference)
    return pointer, node
