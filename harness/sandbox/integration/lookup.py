"""Asks the product for a run's status while an event is processed; best effort, for the event has been signed."""

from __future__ import annotations

import structlog

from harness.sandbox.defects import Planted
from harness.sandbox.integration.client import ProductClient, ProductError, RetryPolicy
from harness.sandbox.integration.settings import Settings
from harness.sandbox.integration.storage import Database

POLICY = RetryPolicy(max_attempts=1, connect=1.0, read=2.0, attempt=2.0, deadline=2.0)

log = structlog.get_logger()


class LookUp:
    """One attempt, quickly over: what is not answered now is taken by the event's word."""

    def __init__(self, settings: Settings, database: Database, *, planted: Planted) -> None:
        """Nothing is asked yet."""
        self._client = ProductClient(settings, planted=planted, policy=POLICY, database=database)

    def __call__(self, run_id: str) -> str:
        """Return the status of a run; empty when the product returns none."""
        try:
            return str(self._client.read(f"/runs/{run_id}")["status"])
        except (ProductError, LookupError, TypeError) as exc:
            log.info("run not looked up", run_id=run_id, reason=str(exc))
            return ""

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
