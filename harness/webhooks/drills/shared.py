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
    another: tuple[Event, Delivery] | None = None
    """A second event that cannot be processed, delivered once the dead letter was there, and the response to it."""
    again: Delivery | None = None
    """Response to another delivery of the event, once the dead letter was there."""
    missing: str = ""
    """Why there is none, after the wait for it."""


class Interrupted(msgspec.Struct, kw_only=True):
    """An event that was being processed when the receiver was killed."""

    event: Event
    answer: Delivery
    effects_before: int
    """Effects right before the kill."""
    meanwhile: Delivery | None = None
    """Response to a second delivery before the kill; None where there was none, as the first was answered already."""
    again: Delivery | None = None
    """Response to its second delivery, after the restart."""
    effects: int = 0
    """After the restart and all waits."""

    @property
    def promised(self) -> bool:
        """Whether any of its deliveries was acknowledged, so that it must have its effect."""
        return any(each is not None and each.acknowledged for each in (self.answer, self.meanwhile, self.again))


class LoneForgery(NamedTuple):
    """A forgery that was delivered by itself."""

    answer: Delivery
    effects: int
    """Of its event; 1 where it was acknowledged and effects cannot be asked for."""


class Burst(msgspec.Struct, kw_only=True):
    """Many events at once, and an event from before them that was delivered again right after."""

    events: Sequence[Event]
    answers: Sequence[Delivery]
    before: Event
    first: Delivery
    again: Delivery
    last: Event | None = None
    """One that came after all of them; None where it was not acknowledged."""
    lost: list[str] | None = None
    """Ids of those that were acknowledged and had no effect, after the wait for them."""
    waited_until: float = 0.0
    """When nothing of it waited to be processed any more, on the monotonic clock."""

    @property
    def taken(self) -> list[str]:
        """Ids of those that were acknowledged."""
        return [event.id for event, answer in zip(self.events, self.answers, strict=True) if answer.acknowledged]


class BeforeKill(NamedTuple):
    """An event that was delivered before the kill."""

    event: Event
    answer: Delivery
    effects: int = 0
    """Before the kill, where they were waited for."""


class KilledReceiver(msgspec.Struct, kw_only=True):
    """What the receiver had when it was killed; each is None where harness.toml has nothing for it."""

    letter: Unprocessable | None
    repeated: BeforeKill | None
    """An event that was processed long before, and delivered again at once; it is delivered again afterwards too."""
    done: BeforeKill | None
    """One whose effect had just appeared."""
    acknowledged: BeforeKill | None
    """One that was acknowledged right before."""
    slow: list[Interrupted]
    """Two, of which the last is delivered again; empty without ``[receiver] slow``."""
    under_way: list[Interrupted] = []
    """Ordinary events that were delivered shortly before; those without an answer are delivered again."""
    queued: bool = False
    """Whether the slow events were processed only because others waited behind them."""
    repeated_again: Delivery | None = None
    effects: dict[str, int] = {}
    """Of the other events, by id, after the restart and all waits."""

    @property
    def unanswered(self) -> list[Interrupted]:
        """Those under way that had no answer when the receiver was killed."""
        return [each for each in self.under_way if each.answer.status is None]


class SharedDeliveries(msgspec.Struct, kw_only=True):
    """The shared deliveries of one receiver, None until they are made."""

    repeated: dict[str, Repeated] | None = None
    """By the id of the drill that judges it."""
    unprocessable: Unprocessable | None = None
    earliest: tuple[Event, Delivery] | None = None
    """The first event that a drill delivered, and the response to it."""
    forgery: LoneForgery | None = None
    burst: Burst | None = None
    killed: KilledReceiver | None = None
    accepted: bool = False
    """Whether a genuine delivery was acknowledged before."""
    patience_s: float = 130.0
    """Rest of the time that rate limits may take to recover, in seconds: at first twice a limit by the minute."""
    deaths: int = 0
    """How often processes of the target had ended by themselves when the receiver was last unusable."""
    prepared: bool = False
    """Whether everything that takes long to appear has been started."""
