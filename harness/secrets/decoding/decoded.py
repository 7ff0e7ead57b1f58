"""What a text decodes to, with the place in the text that each byte comes from."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

SEPARATOR = b" \x7f "
"""Stands between two parts of a text that are not neighbours there; no decoder and no secret reads across it."""
_COPIED = ""


class Stretch(NamedTuple):
    """Some bytes, decoded in the same way."""

    start: int
    """Where they are in the source."""
    end: int
    form: str
    """The encoding; empty for what was copied."""
    per: tuple[int, int]
    """Bytes of the source that so many decoded ones stand for; (0, 0) where each stands for the whole."""


ONE, WHOLE = (1, 1), (0, 0)


class Decoded:
    """A text after one decoding; built from its beginning to its end."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._pieces: list[Stretch] = []
        self._at: list[int] = []
        self.size = 0

    def __repr__(self) -> str:
        return f"<{self.size} decoded bytes>"

    @property
    def data(self) -> bytes:
        """What the text decodes to."""
        return b"".join(self._parts)

    def copy(self, source: bytes, start: int, end: int) -> None:
        """Take a part of the source as it is."""
        if start < end:
            self.put(source[start:end], start, end, _COPIED, ONE)

    def put(self, data: bytes, start: int, end: int, form: str, per: tuple[int, int] = WHOLE) -> None:
        """Take what a part of the source stands for; nothing, where it only continues a line."""
        self._at.append(self.size)
        self._pieces.append(Stretch(start, end, form, per))
        self._parts.append(data)
        self.size += len(data)

    def separate(self, at: int) -> None:
        """Begin a part that does not continue the last one; ``at`` is where it begins in the source."""
        if self.size:
            self.put(SEPARATOR, at, at, _COPIED)

    def forms(self, start: int, end: int) -> str:
        """Return how a part of the data was encoded; empty where all of it was copied."""
        first, last = self._piece(start), self._piece(end - 1)
        return "+".join(sorted({piece.form for piece in self._pieces[first : last + 1] if piece.form}))

    def changed_near(self, start: int, end: int, around: int) -> bool:
        """Whether anything near a part of the data was encoded."""
        first, last = self._piece(max(0, start - around)), self._piece(min(self.size, end + around) - 1)
        return any(self._pieces[number].form for number in range(first, last + 1))

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of the data is in the source, with every byte that carries a bit of it."""
        first, last = self._piece(start), self._piece(end - 1)
        begin, stop = self._pieces[first], self._pieces[last]
        many, few = begin.per
        left = begin.start + (start - self._at[first]) * many // few if few else begin.start
        if end == (self._at[last + 1] if last + 1 < len(self._at) else self.size):
            return left, stop.end  # with the padding
        many, few = stop.per
        right = stop.start - (self._at[last] - end) * many // few if few else stop.end
        return left, min(right, stop.end)

    def _piece(self, at: int) -> int:
        return bisect_right(self._at, at) - 1
