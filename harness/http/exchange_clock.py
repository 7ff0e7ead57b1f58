"""The time of one exchange."""

from __future__ import annotations

import time


class ExchangeClock:
    """Measures one exchange from its first byte, and bounds it."""

    def __init__(self, limit_s: float) -> None:
        """Begin to measure; ``limit_s`` is the bound in seconds."""
        self.limit_s = limit_s
        self._start = time.perf_counter()
        self._deadline = self._start + limit_s
        self.connect_s = 0.0

    def connected(self) -> None:
        """Note that the connection is there: the exchange begins now."""
        now = time.perf_counter()
        self.connect_s = now - self._start
        self._start = now

    def elapsed(self) -> float:
        """Return the seconds since it began."""
        return time.perf_counter() - self._start

    def left(self) -> float:
        """Return the seconds that are left; raises TimeoutError when none are left."""
        left = self._deadline - time.perf_counter()
        if left <= 0:
            raise TimeoutError
        return left
