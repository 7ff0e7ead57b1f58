"""A webhook event: the headers and the exact bytes that are delivered."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook fixture, unsigned: a scheme adds its headers at delivery."""

    name: str
    """File name without its ending; unique in its folder."""
    type: str
    """Event type such as ``run.succeeded``; empty when the body names none."""
    id: str
    """Event id the receiver deduplicates on; empty when the body names none."""
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
