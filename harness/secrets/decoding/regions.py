"""The parts of a text that an escape or a break of a line concerns, decoded in their places."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.secrets.decoding.decoded import Decoded

MAX_LINE = 64 * 1024
"""Longer lines are read in part: this far around each escape."""


def regions(data: bytes, found: Iterator[tuple[int, int, bytes, str]], around: int) -> Decoded | None:
    """Return the lines that hold what was found, with it decoded; None where nothing was.

    ``found`` yields start, end, what it means, and the form, in order; ``around`` is how far a value reaches beyond
    its line.
    """
    decoded, done, until = Decoded(), 0, -1
    for start, end, plain, form in found:
        if start - around > until:
            decoded.copy(data, done, until)
            done = max(until, _line_start(data, start - around))
            decoded.separate(done)
        decoded.copy(data, done, start)
        decoded.put(plain, start, end, form)
        done = end
        if end + around > until:
            until = _line_end(data, end + around)
    if until < 0:
        return None
    decoded.copy(data, done, until)
    return decoded


def _line_start(data: bytes, at: int) -> int:
    at = max(0, at)
    found = data.rfind(b"\n", max(0, at - MAX_LINE), at)
    return found + 1 if found >= 0 else max(0, at - MAX_LINE)


def _line_end(data: bytes, at: int) -> int:
    found = data.find(b"\n", at, at + MAX_LINE)
    return found if found >= 0 else min(len(data), at + MAX_LINE)


_INDENTATION = re.compile(rb"[ \t]*")
_SPACE = (b" ", b"\t")
_NEAR = 6
"""Bytes beside a break in which an escape shows that more than words may be broken there."""
_ENOUGH = 20
"""Characters of Base64 beside a break that may have been inserted into it."""


def breaks(data: bytes, letters: bytes, parts: set[bytes]) -> Iterator[tuple[int, int]]:
    """Yield start and end of every break of a line, with the indentation behind it, that may be within a value.

    ``letters`` is the text with a space for everything that is not of Base64; ``parts`` are all of four
    bytes of the values.
    """
    at = data.find(b"\n")
    while at >= 0:
        found = _INDENTATION.match(data, at + 1) if data[at + 1 : at + 2] in _SPACE else None
        end = found.end() if found else at + 1
        start = at - 1 if data[at - 1 : at] == b"\r" else at
        near = data[max(0, start - _NEAR) : start] + data[end : end + _NEAR]
        middle = min(_NEAR, start)
        if (
            near[middle - 2 : middle + 2] in parts
            or near[middle - 3 : middle + 1] in parts
            or near[middle - 1 : middle + 3] in parts
            or b"%" in near
            or b"\\" in near
            or b"&" in near
            or (letters.find(b" ", start - _ENOUGH, start) < 0 <= start - _ENOUGH)
            or (letters.find(b" ", end, end + _ENOUGH) < 0 and end + _ENOUGH <= len(data))
        ):
            yield start, end
        at = data.find(b"\n", max(end, at + 1))
