"""Where a value is in a JSON text, so that it can be replaced and every other byte stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from itertools import count

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


class JsonSpans:
    """Where the values of one JSON text are; each object and list is read once."""

    def __init__(self, text: str, encoding: str = "utf-8") -> None:
        """The positions in bytes are those of ``text`` in ``encoding``."""
        self.text = text
        self.encoding = encoding
        self._members = cache(self._read_members)
        self._known = (0, 0)

    def span(self, steps: Iterable[str]) -> tuple[int, int]:
        """Return where the value behind these keys and indexes begins and ends, in characters.

        Raises `ValueError` or `LookupError` where there is none.
        """
        at = _after_blank(self.text, 0)
        for step in steps:
            at = self._members(at)[step]
        return at, _DECODER.raw_decode(self.text, at)[1]

    def in_bytes(self, start: int, end: int) -> tuple[int, int]:
        """Return the positions of bytes for those of characters; quick where they are asked for in order."""
        return self._byte(start), self._byte(end)

    def _byte(self, at: int) -> int:
        characters, size = self._known if self._known[0] <= at else (0, 0)
        self._known = (at, size + len(self.text[characters:at].encode(self.encoding, "surrogatepass")))
        return self._known[1]

    def _read_members(self, at: int) -> dict[str, int]:
        """Return where each value of an object or list begins, by key or index.

        For a repeated key that is the last, as JSON readers have it.
        """
        text = self.text
        is_list = text[at] == "["
        found: dict[str, int] = {}
        for number in count():
            at = _after_blank(text, at + 1)
            if is_list:
                name = str(number)
            else:
                name, at = _DECODER.raw_decode(text, at)
                at = _after_blank(text, _after_blank(text, at) + 1)
            found[name] = at
            at = _after_blank(text, _DECODER.raw_decode(text, at)[1])
            if text[at] != ",":
                return found
        raise AssertionError  # count() has no end


def _after_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
