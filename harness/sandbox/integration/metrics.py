"""Prometheus metrics; every labelled series exists at zero from the start.

What a receiver counts is per process: each is scraped separately. What workers and clients count comes from the
database, so every receiver exports the same totals, dead processes included: aggregate such series over instances with
``max``, not ``sum``.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from harness.sandbox.defects import Planted
from harness.sandbox.integration import counts, inbox
from harness.sandbox.integration.storage import Database

OUTCOMES = ("accepted", "duplicate", "rejected", "unavailable")
REASONS = {
    "invalid signature": "signature",
    "timestamp outside tolerance": "stale",
    "invalid body": "body",
    "incomplete body": "body",
    "body too large": "size",
}
"""The response to a sender, and the label it is counted under."""


class IntegrationMetrics:
    """What a receiver counts and what it reads from the database at each scrape."""

    def __init__(self, database: Database, *, planted: Planted) -> None:
        """Make every series."""
        self._planted = planted
        self._registry = CollectorRegistry()
        self._deliveries = Counter(
            "webhook_deliveries", "Webhook deliveries by outcome.", ["outcome"], registry=self._registry
        )
        self._refusals = Counter(
            "webhook_refusals", "Refused webhook deliveries by reason.", ["reason"], registry=self._registry
        )
        self.ack = Histogram(
            "webhook_ack_seconds",
            "From the arrival of a delivery to its answer.",
            buckets=counts.SECONDS,
            registry=self._registry,
        )
        self._registry.register(_FromDatabase(database))
        for outcome in OUTCOMES:
            if not (outcome == "rejected" and "metrics-born-at-first-failure" in planted):
                self._deliveries.labels(outcome)
        if "refusals-born-at-first-failure" not in planted:
            for reason in {*REASONS.values(), "other"}:
                self._refusals.labels(reason)

    def delivery(self, outcome: str) -> None:
        """Count one delivery."""
        if not (outcome == "duplicate" and "metrics-count-no-duplicates" in self._planted):
            self._deliveries.labels(outcome).inc()

    def refusal(self, status: int, reason: str) -> None:
        """Count one delivery that was not taken."""
        uncounted = "receiver-counts-no-stale" in self._planted and REASONS.get(reason) == "stale"
        if uncounted or "receiver-counts-no-refusals" in self._planted:
            return
        self.delivery("unavailable" if status == 503 else "rejected")
        self._refusals.labels(REASONS.get(reason, "other")).inc()

    def text(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self._registry)


class _FromDatabase(Collector):
    """What all processes of the integration counted, and the state of the inbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Read the database; while it does not answer, what the receiver itself counts is still exported."""
        up = GaugeMetricFamily("webhook_store_up", "Whether the database of the inbox answers.")
        try:
            shared = list(self._read())
        except SQLAlchemyError:
            shared = []
        up.add_metric([], bool(shared))
        yield from (up, *shared)

    def _read(self) -> Iterator[Metric]:
        found = counts.read(self._database)
        requests = CounterMetricFamily(counts.REQUESTS, "Attempts of calls to the product.", labels=["outcome"])
        for outcome in counts.OUTCOMES:
            requests.add_metric([outcome], found[counts.REQUESTS, outcome])
        yield requests
        for name, help_text in (
            (counts.RETRIES, "Calls to the product that were repeated."),
            (counts.AUTH_FAILURES, "Calls that the product refused with 401 or 403."),
            (counts.DEAD_LETTERS, "Events that were given up."),
        ):
            yield CounterMetricFamily(name, help_text, value=found[name, ""])
        yield _processing(found)
        waiting, oldest_s, dead = inbox.depth(self._database)
        yield GaugeMetricFamily("webhook_inbox_depth", "Events not processed yet.", value=waiting)
        yield GaugeMetricFamily("webhook_inbox_oldest_seconds", "Age of the oldest of them.", value=oldest_s)
        yield GaugeMetricFamily("webhook_dead_letters_waiting", "Unresolved dead letters.", value=dead)


def _processing(found: dict[counts.Series, float]) -> HistogramMetricFamily:
    total, buckets = 0.0, []
    for bound in (*map(str, counts.SECONDS), counts.BEYOND):
        total += found[counts.PROCESSING, bound]
        buckets.append((bound, total))
    return HistogramMetricFamily(
        counts.PROCESSING, "From the claim of an event to its effect.", buckets, found[counts.PROCESSING_SUM, ""]
    )
