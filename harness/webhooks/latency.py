"""Latencies of any number of deliveries in a little memory: a histogram whose buckets grow by a twentieth."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

PRECISION = 20
"""Buckets for each factor of e: a percentile is at most a twentieth too high."""
SHOWN_MS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
BAR = 40
_LEAST_S = 1e-6


class Histogram:
    """How often which latency was seen."""

    def __init__(self) -> None:
        self.count = 0
        self.slowest_s = 0.0
        self._buckets: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count one latency."""
        self.count += 1
        self.slowest_s = max(self.slowest_s, seconds)
        self._buckets[math.ceil(math.log(seconds / _LEAST_S) * PRECISION) if seconds > _LEAST_S else 0] += 1

    def percentile(self, share: float) -> float:
        """Return the seconds within which that share of all (0 to 1) lies; 0 when there are none."""
        wanted, seen = math.ceil(share * self.count), 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(_upper(bucket), self.slowest_s)
        return 0.0

    def lines(self) -> Iterator[str]:
        """Yield a line for each range of latencies between the fastest and the slowest, with a bar."""
        counts: Counter[float] = Counter()
        for bucket, count in self._buckets.items():
            upper_ms = min(_upper(bucket), self.slowest_s) * 1000
            counts[next((limit for limit in SHOWN_MS if upper_ms <= limit), math.inf)] += count
        most = max(counts.values(), default=1)
        shown = [limit for limit in (*SHOWN_MS, math.inf) if counts]
        for limit in shown[_first(shown, counts) : _last(shown, counts) + 1]:
            bar = "█" * math.ceil(counts[limit] / most * BAR)
            label = "slower" if math.isinf(limit) else f"<= {limit:g} ms"
            yield f"{label:>12}  {bar} {counts[limit]:,}"


def _upper(bucket: int) -> float:
    return math.exp(bucket / PRECISION) * _LEAST_S


def _first(shown: list[float], counts: Counter[float]) -> int:
    return next((i for i, limit in enumerate(shown) if counts[limit]), 0)


def _last(shown: list[float], counts: Counter[float]) -> int:
    return next((i for i in reversed(range(len(shown))) if counts[shown[i]]), 0)
