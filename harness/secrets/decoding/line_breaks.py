"""The breaks of lines that may be within a value, or within what encodes one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_INDENTATION = re.compile(rb"[ \t]*")
_SPACE = (b" ", b"\t")
_NEAR = 6
"""Bytes beside a break in which an escape shows that more than words may be broken there."""
_ENOUGH = 20
"""Characters of Base64 beside a break that may have been inserted into it."""


class LineBreaks:
    """Finds them for some values."""

    def __init__(self) -> None:
        self._parts = set[bytes]()
        self._characters = frozenset[int]()

    def __repr__(self) -> str:
        return f"<breaks within {len(self._parts)} parts>"

    def add(self, value: bytes) -> None:
        """Take a further value into account; a line may also be folded at a space of it."""
        joined = value.replace(b" ", b"")
        self._parts.update(joined[i : i + 4] for i in range(len(joined) - 3))
        self._characters = self._characters.union(joined)

    def find(self, data: bytes, letters: bytes) -> Iterator[tuple[int, int]]:
        """Yield start and end of each, with the indentation behind it.

        ``letters`` is the text with a space for everything that is not of Base64.
        """
        for likely in _likely(self._characters).finditer(data):
            at = likely.start()
            found = _INDENTATION.match(data, at + 1) if data[at + 1 : at + 2] in _SPACE else None
            end = found.end() if found else at + 1
            start = at - 1 if data[at - 1 : at] == b"\r" else at
            if self._is_within(data, letters, start, end):
                yield start, end

    def parts_value(self, data: bytes, start: int, end: int) -> bool:
        """Whether what is on both sides of a part of a text is together in a value."""
        near = data[max(0, start - _NEAR) : start] + data[end : end + _NEAR]
        middle = min(_NEAR, start)
        return (
            near[middle - 2 : middle + 2] in self._parts
            or near[middle - 3 : middle + 1] in self._parts
            or near[middle - 1 : middle + 3] in self._parts
        )

    def _is_within(self, data: bytes, letters: bytes, start: int, end: int) -> bool:
        near = data[max(0, start - _NEAR) : start] + data[end : end + _NEAR]
        return (
            self.parts_value(data, start, end)
            or b"%" in near
            or b"\\" in near
            or b"&" in near
            or (letters.find(b" ", start - _ENOUGH, start) < 0 <= start - _ENOUGH)
            or (letters.find(b" ", end, end + _ENOUGH) < 0 and end + _ENOUGH <= len(data))
        )


@lru_cache(maxsize=64)
def _likely(characters: frozenset[int]) -> re.Pattern[bytes]:
    """Return what finds all breaks that may be within a value of such characters, and some more, but fast."""
    known = f"[{re.escape(bytes(sorted(characters)).decode('latin-1'))}]" if characters else "(?!)"
    escaped = "|".join(rf"(?<=[%\\&]{'.' * between}\n)" for between in range(_NEAR))
    base64 = f"[A-Za-z0-9+/_-]{{{_ENOUGH}}}"
    ahead = rf"(?=[ \t]*+(?:{base64}|.{{0,{_NEAR - 1}}}[%\\&]))"
    ways = rf"(?<=\r\n)|(?<={known}\n)(?=[ \t]*+{known})|(?<={base64}\n)|{escaped}|{ahead}"
    return re.compile(f"\n(?:{ways})".encode("latin-1"), re.DOTALL)
