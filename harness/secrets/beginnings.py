"""Which end of a text may be the beginning of a secret that continues in what follows it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class Beginnings:
    """The beginnings of texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._sorted = sorted(texts)
        self._first = {text[0] for text in self._sorted}
        self._longest = max(map(len, self._sorted), default=1)

    def at_end(self, text: str) -> int:
        """Return how many characters at the end of ``text`` begin one of the texts, without being all of it."""
        for at in range(max(0, len(text) - self._longest + 1), len(text)):
            if text[at] in self._first:
                end = text[at:]
                after = bisect_right(self._sorted, end)
                if after < len(self._sorted) and self._sorted[after].startswith(end):
                    return len(end)
        return 0
