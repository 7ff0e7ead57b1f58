"""What became of many deliveries, in little memory and few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.model import Delivery
from harness.webhooks.latency import Histogram

KINDS = 20
"""So many different answers are told apart; a receiver may answer each delivery differently."""
PERCENTILES = (0.5, 0.9, 0.99, 1.0)


class Summary:
    """Counts deliveries as they end."""

    def __init__(self) -> None:
        self.delivered = 0
        self.acknowledged = 0
        self.seconds = 0.0
        """How long all of them took together; set at the end."""
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
        """Whether there were deliveries and every one was acknowledged."""
        return 0 < self.delivered == self.acknowledged

    def lines(self) -> Iterator[str]:
        """Yield the histogram of latencies, what was answered instead of 2xx, and the counts on the last line."""
        total = self._latencies["total"]
        if total.count:
            yield f"{'':12}" + "".join(f"{'max' if p == 1 else f'p{p * 100:g}':>11}" for p in PERCENTILES)
            for name, histogram in self._latencies.items():
                yield f"{name:12}" + "".join(f"{histogram.percentile(p) * 1000:>8,.1f} ms" for p in PERCENTILES)
            yield from total.lines()
        for seen, count in self._others.most_common():
            yield f"{count:>12,}  {seen}"
        rate = f" ({self.delivered / self.seconds:,.0f}/s)" if self.seconds else ""
        yield (
            f"{self.delivered} delivered, {self.acknowledged} acknowledged, {self.delivered - self.acknowledged} not; "
            f"in {self.seconds:.2f} s{rate}"
        )
