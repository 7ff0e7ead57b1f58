"""Deliveries that several drills judge: made once, before whichever of them runs first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from harness.model import Delivery, Event
from harness.webhooks.probes import Row


class Repeated(NamedTuple):
    """One event that was delivered in several ways."""

    event: Event
    answers: Sequence[Delivery]
    """Responses to the deliveries that a receiver must acknowledge."""
    before: str
    """What preceded them, in words."""
    done_at: float
    """End of the wait for its first effect, on the monotonic clock."""


class Unprocessable(msgspec.Struct, kw_only=True):
    """The event that cannot be processed, and its dead letter."""

    event: Event
    answer: Delivery
    delivered_at: float = msgspec.field(default_factory=time.monotonic)
    letter: Row | None = None
    """As first seen, before any drill acts on it."""
    missing: str = ""
    """Why there is none, after the wait for it."""


class SharedDeliveries(msgspec.Struct, kw_only=True):
    """The shared deliveries of one receiver, None until they are made."""

    repeated: dict[str, Repeated] | None = None
    """By the id of the drill that judges it."""
    unprocessable: Unprocessable | None = None
    prepared: bool = False
    """Whether everything that takes long to appear has been started."""
