"""The line of a TOML document at which a key stands, which `tomllib` does not report."""

from __future__ import annotations

from typing import Any

from harness.core.pointers import child
from harness.core.toml import UnreadableTomlError, read_toml

_MOST_READ = 2 << 20
"""Characters that are read in all, to find one line: a list of many lines takes the square of them."""


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """Return the first line, from 1, of the statement that brings the key at ``path`` into the document, or None.

    The shortest beginning of the document that is valid and contains the key ends with that statement, wherever it is:
    after a header, in an inline table, or in a list of several lines.
    """
    beginnings = _FirstLines(text)
    low, high = 0, beginnings.number
    if not _contains(beginnings.read(high), path):
        return None
    while low < high:  # the statement begins in a line from `low` to `high`
        middle = (low + high) // 2
        ends = next((n for n in range(middle, beginnings.number + 1) if beginnings.read(n) is not None), None)
        if ends is None or beginnings.left <= 0:
            return None
        if _contains(beginnings.read(ends), path):
            high = middle
        else:
            low = ends + 1
    return max(low, 1)


class _FirstLines:
    """The beginnings of a document."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)
        self.number = len(self._lines)
        self.left = _MOST_READ
        """Characters that may still be read."""

    def read(self, number: int) -> dict[str, Any] | None:
        """Return the content of the first lines; None where they end within a statement, or it was too much."""
        if self.left <= 0:
            return None
        text = "".join(self._lines[:number])
        self.left -= len(text)
        try:
            return read_toml(text)
        except UnreadableTomlError:
            return None


def _contains(node: Any, path: tuple[str, ...]) -> bool:
    try:
        for step in path:
            node = child(node, step)
    except (LookupError, IndexError):
        return False
    return node is not None
