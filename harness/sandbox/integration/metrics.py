"""Prometheus metrics; every labelled series exists at zero from the start."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, func, select

from harness.sandbox.defects import Planted
from harness.sandbox.integration.storage import counted, inbox
from harness.sandbox.integration.workflow import RETRIES

ACK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
OUTCOMES = ("accepted", "duplicate", "rejected")


class Metrics:
    """What the receiver and the worker count."""

    def __init__(self, engine: Engine, *, planted: Planted) -> None:
        """Counts that outlive a process are read from the database at each scrape."""
        self._planted = planted
        self._registry = CollectorRegistry()
        self._deliveries = Counter(
            "webhook_deliveries", "Webhook deliveries by outcome.", ["outcome"], registry=self._registry
        )
        self.ack = Histogram(
            "webhook_ack_seconds",
            "From the arrival of a delivery to its answer.",
            buckets=ACK_BUCKETS,
            registry=self._registry,
        )
        self.processing = Histogram(
            "webhook_processing_seconds", "Processing of one event.", buckets=ACK_BUCKETS, registry=self._registry
        )
        self.dead_letters = Counter("webhook_dead_letters", "Events that were given up.", registry=self._registry)
        self._registry.register(_FromDatabase(engine))
        for outcome in OUTCOMES:
            if not (outcome == "rejected" and "metrics-born-at-first-failure" in planted):
                self._deliveries.labels(outcome)

    def delivery(self, outcome: str) -> None:
        """Count one delivery."""
        if not (outcome == "duplicate" and "metrics-count-no-duplicates" in self._planted):
            self._deliveries.labels(outcome).inc()

    def text(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self._registry)


class _FromDatabase(Collector):
    """What other processes of the integration counted, and the depth of the inbox."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Read the database."""
        retries = CounterMetricFamily("product_client_retries", "Calls to the product that were repeated.")
        retries.add_metric([], counted(self._engine, RETRIES))
        yield retries
        waiting = select(func.count()).select_from(inbox).where(inbox.c.status == "new")
        with self._engine.connect() as connection:
            depth = connection.execute(waiting).scalar_one()
        yield GaugeMetricFamily("webhook_inbox_depth", "Events not processed yet.", value=depth)
