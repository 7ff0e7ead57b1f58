"""Where a value is in a JSON text, so that it can be replaced and every other byte stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import count
from typing import Any

Edit = tuple[int, int, bytes]
"""First byte, the byte after the last, and what is put in their place."""

_BLANK = re.compile(r"[ \t\r\n\ufeff]*")
_DECODER = json.JSONDecoder()


def edited(body: bytes, edits: Iterable[Edit]) -> bytes:
    """Return ``body`` with all edits made; none of them overlap."""
    pieces: list[bytes] = []
    at = 0
    for start, end, new in sorted(edits):
        pieces += (body[at:start], new)
        at = end
    return b"".join((*pieces, body[at:]))


def byte_span(text: str, steps: tuple[str, ...]) -> tuple[int, int]:
    """Return where the value behind these keys and indexes begins and ends, in bytes of UTF-8."""
    start, end = span(text, steps)
    first = len(text[:start].encode())
    return first, first + len(text[start:end].encode())


def span(text: str, steps: tuple[str, ...]) -> tuple[int, int]:
    """Return where the value behind these keys and indexes begins and ends, in characters."""
    at = _after_blank(text, 0)
    for step in steps:
        at = _member(text, at, step)
    return at, _DECODER.raw_decode(text, at)[1]


def _member(text: str, at: int, step: str) -> int:
    """Return where the value of one key or index begins; for a repeated key that of the last, as JSON readers do."""
    is_list = text[at] == "["
    found = at
    for number in count():
        at = _after_blank(text, at + 1)
        name: Any = number
        if not is_list:
            name, at = _DECODER.raw_decode(text, at)
            at = _after_blank(text, _after_blank(text, at) + 1)
        if str(name) == step:
            found = at
        at = _after_blank(text, _DECODER.raw_decode(text, at)[1])
        if text[at] != ",":
            break
    return found


def _after_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
