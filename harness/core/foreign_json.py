"""JSON of others, with a bound on its values: two bytes of a text can be an object of a hundred bytes in memory."""

from __future__ import annotations

import json
from typing import Any

MAX_OBJECTS = 300_000
"""Objects and lists of one text. A page of a thousand orders, each with fifty of them, has 50,000."""
MAX_VALUES = 2_000_000
"""Values of one text: as many as it has commas, and one for each object or list."""
TOO_MANY = f"more than {MAX_OBJECTS:,} objects and lists, or {MAX_VALUES:,} values"


class TooManyValuesError(ValueError):
    """JSON that could take more memory than there is."""

    def __init__(self) -> None:
        super().__init__(f"it has {TOO_MANY}")


class ValueCount:
    """Counts the values of a text that comes in pieces, where it begins as JSON does."""

    def __init__(self) -> None:
        self._is_json: bool | None = None
        self._objects = self._commas = 0

    def is_too_high(self, piece: bytes) -> bool:
        """Take a piece, and return whether more values came than are read."""
        if self._is_json is None and (begins := piece.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]):
            self._is_json = begins in (b"{", b"[")
        if not self._is_json:
            return False
        self._objects += piece.count(b"{") + piece.count(b"[")
        self._commas += piece.count(b",")
        return self._objects > MAX_OBJECTS or self._objects + self._commas > MAX_VALUES


def has_too_many_values(text: str | bytes) -> bool:
    """Whether a text may have more values than are read; signs within its texts count too."""
    if len(text) < MAX_OBJECTS:
        return False
    objects, commas = (
        (text.count("{") + text.count("["), text.count(","))
        if isinstance(text, str)
        else (text.count(b"{") + text.count(b"["), text.count(b","))
    )
    return objects > MAX_OBJECTS or objects + commas > MAX_VALUES


def read_json(text: str | bytes) -> Any:
    """Return what a text of JSON holds; raises ValueError, for too many values too, and RecursionError."""
    if has_too_many_values(text):
        raise TooManyValuesError
    return json.loads(text)
