"""Whole numbers as others write them: `str.isdigit` takes ``²`` too, and `int` refuses 5,000 digits."""

from __future__ import annotations

MOST_DIGITS = 19
"""Of a number that has a place in 64 bits."""


def whole_number(text: str) -> int | None:
    """Return the number that a text of ASCII digits is; None for any other text, or a number that is too large."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
