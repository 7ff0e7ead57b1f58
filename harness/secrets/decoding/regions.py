"""The parts of a text that an escape or a break of a line concerns, decoded in their places."""

from __future__ import annotations

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
