"""The part of the document that a failure concerns, with its JSON pointer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec

from harness.core.cutting import cut
from harness.core.pointers import escaped
from harness.openapi.json_document import JsonDocument

MAX_CHARS = 400


class SpecExcerpt(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the document."""

    pointer: str
    """JSON pointer as a URI fragment (RFC 6901 section 6), after the name of the file where that is another."""
    text: str
    """The value there, as JSON; of a large object its keys."""


def spec_excerpt(document: JsonDocument, *steps: Iterable[Any]) -> SpecExcerpt:
    """Walk from the top of the document along ``steps``, through every ``$ref``, as far as there is something.

    Each of ``steps`` is a list of keys; of several candidates for one key, written as a tuple, the first that is there
    is taken.
    """
    place, node = document.locate("")
    for step in (step for group in steps for step in group):
        for option in step if isinstance(step, tuple) else (step,):
            with suppress(LookupError):
                place, node = document.locate(f"{place}/{escaped(option)}")
                break
        else:
            if step != "$ref":
                break
    return SpecExcerpt(pointer=document.shown(f"#{place}"), text=document.shown(_shortened(node)))


def _shortened(node: Any) -> str:
    text = json.dumps(node, ensure_ascii=False, default=str)
    if len(text) > MAX_CHARS and isinstance(node, dict):
        text = ", ".join(map(str, node))
    return cut(text, MAX_CHARS)
