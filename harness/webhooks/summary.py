"""The results of many deliveries, in little memory and few lines: counts, and a histogram of their latencies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.model import Delivery

KINDS = 20
"""The number of different answers that are counted separately; a receiver may answer each delivery differently."""
PERCENTILES = (0.5, 0.9, 0.99, 1.0)
PRECISION = 20
"""Buckets for each factor of e: a percentile is at most a twentieth too high."""
SHOWN_MS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
BAR = 40
_LEAST_S = 1e-6


class Summary:
    """Counts finished deliveries."""

    def __init__(self) -> None:
        self.delivered = 0
        self.acknowledged = 0
        self.seconds = 0.0
        """How long the whole run took; set at its end."""
        self.told: set[str] = set()
        """The references to secrets that answers hold."""
        self.unread: set[str] = set()
        """What of answers could not be searched for them, in words."""
        self._others: Counter[str] = Counter()
        self._latencies = {"connect": Histogram(), "first byte": Histogram(), "total": Histogram()}

    def add(self, delivery: Delivery) -> None:
        """Count one."""
        self.delivered += 1
        if delivery.acknowledged:
            self.acknowledged += 1
        else:
            known = delivery.seen in self._others or len(self._others) < KINDS
            self._others[delivery.seen if known else "other answers"] += 1
        if delivery.connect_s:
            self._latencies["connect"].add(delivery.connect_s)
        if delivery.status is not None:
            self._latencies["first byte"].add(delivery.first_byte_s)
            self._latencies["total"].add(delivery.seconds)

    @property
    def succeeded(self) -> bool:
        """Whether there were deliveries, every one was acknowledged, and no answer has, or may have, a secret."""
        return 0 < self.delivered == self.acknowledged and not self.told and not self.unread

    def figures(self) -> dict[str, Any]:
        """Return the same for a program; latencies in seconds."""
        latencies = {
            name: {f"p{p * 100:g}": round(histogram.percentile(p), 6) for p in PERCENTILES}
            for name, histogram in self._latencies.items()
            if histogram.count
        }
        counts = {"delivered": self.delivered, "acknowledged": self.acknowledged, "others": dict(self._others)}
        answers = {"secrets_in_answers": sorted(self.told), "not_searched": sorted(self.unread)}
        return {**counts, **answers, "seconds": round(self.seconds, 3), "latencies_s": latencies}

    def lines(self) -> Iterator[str]:
        """Yield the histogram of latencies, the answers other than 2xx, and the totals on the last line."""
        total = self._latencies["total"]
        if total.count:
            yield f"{'':12}" + "".join(f"{'max' if p == 1 else f'p{p * 100:g}':>11}" for p in PERCENTILES)
            for name, histogram in self._latencies.items():
                yield f"{name:12}" + "".join(f"{histogram.percentile(p) * 1000:>8,.1f} ms" for p in PERCENTILES)
            yield from total.lines()
        for seen, count in self._others.most_common():
            yield f"{count:>12,}  {seen}"
        for secret in sorted(self.told):
            yield f"The receiver's answers hold {secret}. Let it answer with a status and a short reason alone."
        for what in sorted(self.unread):
            yield f"The receiver's answers could not be searched for secrets to their ends; what is left out: {what}."
        rate = f" ({self.delivered / self.seconds:,.0f}/s)" if self.seconds else ""
        yield (
            f"{self.delivered} delivered, {self.acknowledged} acknowledged, {self.delivered - self.acknowledged} not; "
            f"in {self.seconds:.2f} s{rate}"
        )


class Histogram:
    """Counts latencies in buckets that grow by a twentieth."""

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
        """Return the latency in seconds that this share (0 to 1) of all does not exceed; 0 without any."""
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
        fastest, slowest = min(counts, default=0), max(counts, default=0)
        for limit in (each for each in (*SHOWN_MS, math.inf) if fastest <= each <= slowest):
            bar = "█" * math.ceil(counts[limit] / most * BAR)
            label = "slower" if math.isinf(limit) else f"<= {limit:g} ms"
            yield f"{label:>12}  {bar} {counts[limit]:,}"


def _upper(bucket: int) -> float:
    return math.exp(bucket / PRECISION) * _LEAST_S
