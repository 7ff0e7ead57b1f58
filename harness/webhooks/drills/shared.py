"""What several drills look at together: delivered once, before the first of them, whichever that is."""

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
    """To what must be acknowledged, each time."""
    before: str
    """What came before it, in words."""
    done_at: float
    """When it had had the time for its first effect, on the monotonic clock."""


class Unprocessable(msgspec.Struct, kw_only=True):
    """The event that cannot be processed, and its dead letter."""

    event: Event
    answer: Delivery
    delivered_at: float = msgspec.field(default_factory=time.monotonic)
    letter: Row | None = None
    """As it was first seen, before anything was done to it."""
    missing: str = ""
    """Why there is none, once it was waited for."""


class SharedDeliveries(msgspec.Struct, kw_only=True):
    """Of one receiver, each None until it was made."""

    repeated: dict[str, Repeated] | None = None
    """By the id of the drill that judges it."""
    unprocessable: Unprocessable | None = None
    prepared: bool = False
    """Whether all that shows late was begun."""
