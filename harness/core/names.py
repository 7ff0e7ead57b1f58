"""Many names in a line: the first of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence

FIRST = 3
"""Names that are listed."""


def first_of(names: Sequence[str], most: int = FIRST) -> str:
    """Return the first ``most`` of several names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
