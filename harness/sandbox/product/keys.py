"""Secrets that are replaced while they are in use."""

from __future__ import annotations

import hmac
import time


class Rotating:
    """The current value of a secret and, during the overlap after a rotation, the one before."""

    def __init__(self, current: str, previous: str = "", *, overlap_s: float = 0.0) -> None:
        """``previous`` is valid for ``overlap_s`` seconds from now."""
        self._current = current
        self._previous = previous
        self._until = time.monotonic() + overlap_s

    def rotate(self, new: str, *, overlap_s: float) -> None:
        """Make ``new`` the current value; what was current stays valid for ``overlap_s`` seconds."""
        self._previous, self._current = self._current, new
        self._until = time.monotonic() + overlap_s

    @property
    def valid(self) -> tuple[str, ...]:
        """The values in force, current first."""
        return tuple(filter(None, (self._current, self._previous if time.monotonic() < self._until else "")))

    @property
    def known(self) -> tuple[str, ...]:
        """All values that were ever in force and are still remembered."""
        return tuple(filter(None, (self._current, self._previous)))

    def accepts(self, given: str) -> bool:
        """Whether ``given`` is in force, compared in constant time."""
        # Bytes: compare_digest raises for text that is not ASCII.
        return any(hmac.compare_digest(given.encode(), value.encode()) for value in self.valid)
