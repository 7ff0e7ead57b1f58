"""The line of a TOML document at which a key stands, which `tomllib` does not report."""

from __future__ import annotations

import tomllib
from typing import Any

from harness.core.pointers import child


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """Return the first line, from 1, of the statement that brings the key at ``path`` into the document, or None.

    The shortest beginning of the document that is valid and contains the key ends with that statement, wherever it is:
    after a header, in an inline table, or in a list of several lines.
    """
    lines = text.splitlines(keepends=True)
    low, high = 0, len(lines)
    if not _contains(_read(lines, high), path):
        return None
    while low < high:  # the statement begins in a line from `low` to `high`
        middle = (low + high) // 2
        ends = next(n for n in range(middle, len(lines) + 1) if _read(lines, n) is not None)
        if _contains(_read(lines, ends), path):
            high = middle
        else:
            low = ends + 1
    return max(low, 1)


def _read(lines: list[str], number: int) -> dict[str, Any] | None:
    """Return the content of the first lines; None where they end within a statement."""
    try:
        return tomllib.loads("".join(lines[:number]))
    except tomllib.TOMLDecodeError:
        return None


def _contains(node: Any, path: tuple[str, ...]) -> bool:
    try:
        for step in path:
            node = child(node, step)
    except (LookupError, IndexError):
        return False
    return node is not None
