"""Receiver cases as data: each row describes a delivery and what is expected of a receiver. One loop runs them all."""

from __future__ import annotations

from harness.webhooks.cases import (
    authenticity,
    carriers,
    forged_bodies,
    freshness,
    garbage,
    handshake_requests,
    http_variants,
    lenient_decoding,
    malformed_bodies,
    other_digests,
    raw_body,
    redeliveries,
    secret_overlap,
    signed_parts,
    text_bodies,
    vendor_headers,
)
from harness.webhooks.cases.building import Material
from harness.webhooks.cases.receiver_case import Expected, Framing, ReceiverCase

CASES: tuple[ReceiverCase, ...] = (
    *authenticity.CASES,
    *other_digests.CASES,
    *lenient_decoding.CASES,
    *signed_parts.CASES,
    *carriers.CASES,
    *forged_bodies.CASES,
    *vendor_headers.CASES,
    *garbage.CASES,
    *raw_body.CASES,
    *text_bodies.CASES,
    *freshness.CASES,
    *secret_overlap.CASES,
    *malformed_bodies.CASES,
    *redeliveries.CASES,
    *http_variants.CASES,
    *handshake_requests.CASES,
)

__all__ = ["CASES", "Expected", "Framing", "Material", "ReceiverCase", "case_named"]


def case_named(case_id: str) -> ReceiverCase | None:
    """Return the case with that id, or None."""
    return next((c for c in CASES if c.id == case_id), None)
