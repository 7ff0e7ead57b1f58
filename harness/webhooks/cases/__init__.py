"""Receiver cases as data: each row says how a delivery is made, and what a receiver owes it. One loop runs them all."""

from __future__ import annotations

from harness.webhooks.cases import authenticity, bodies, freshness, garbage, handshakes, raw_body, rotation, transport
from harness.webhooks.cases.building import Built, Material
from harness.webhooks.cases.row import Expected, Framing, ReceiverCase

CASES: tuple[ReceiverCase, ...] = (
    *authenticity.CASES,
    *garbage.CASES,
    *raw_body.CASES,
    *freshness.CASES,
    *rotation.CASES,
    *bodies.CASES,
    *transport.CASES,
    *handshakes.CASES,
)

__all__ = ["CASES", "Built", "Expected", "Framing", "Material", "ReceiverCase", "case_named"]


def case_named(case_id: str) -> ReceiverCase | None:
    """Return the case of that id, or None."""
    return next((c for c in CASES if c.id == case_id), None)
