"""Whether the numbers of the effect probe mean anything, found out before a check uses them."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from harness.model import Delivery, Event
from harness.webhooks.effects import EffectProbe, counted, pause
from harness.webhooks.object_ids import about_another_object, object_keys
from harness.webhooks.rewriting import VARIATIONS, Vary

_OTHERS = (
    "[receiver] effects reports {} for an event that was never delivered, so it does not count per event. Select by "
    "{{event_id}} (in SQL :event_id), and return 0, or 404, for an unknown event"
)
_SHARED = (
    "[receiver] effects does not count per event: the number of one event depends on a later event about the same "
    "object. Count what each event did, such as the rows that have its id, not the rows of the object"
)
_ALTERNATIVE = ", or deliver fixtures whose object has an id that can be replaced"
_SOON_S = 3.0
"""Seconds after which an event without an effect is followed by others, made in all ways that could matter."""
NO_EFFECT = (
    "a genuine delivery was acknowledged and has no effect within {:g} s: the receiver does nothing with it, or "
    "[receiver] effects does not show it"
)


class Apart(NamedTuple):
    """How events are made so different that an integration processes each of them."""

    object_key: str | None = None
    """Each is about an object of its own, whose id is at this key."""
    vary: Vary | None = None
    """Each states something else, in this way."""

    def __call__(self, event: Event) -> Event:
        """Return ``event`` made different in this way; itself where that is not possible."""
        if self.vary:
            return self.vary(event) or event
        key = self.object_key
        return about_another_object(event, key) if key and key in object_keys(event, key) else event


class Counting(NamedTuple):
    """What the numbers of the probe mean."""

    fault: str = ""
    """Why no number of effects means anything, empty where they do."""
    apart: Apart = Apart()
    """What each event needs to be counted."""


class _Independence(enum.Enum):
    PER_EVENT = enum.auto()
    SILENT = enum.auto()
    """No event has an effect."""
    NOTHING = enum.auto()
    """The first event has no effect."""
    FIRST_ONLY = enum.auto()
    """The second event has no effect."""
    CHANGED = enum.auto()
    """The second event changed the number of the first."""
    REFUSED = enum.auto()


class EffectCounter:
    """Finds out what the numbers of a probe mean, by deliveries of its own."""

    def __init__(
        self,
        probe: EffectProbe,
        *,
        fresh: Callable[[Event], Event],
        deliver: Callable[[Event], Delivery],
        settle_s: float,
        object_key: str | None = None,
    ) -> None:
        """``fresh`` gives an event a new id; ``settle_s`` bounds the wait for an effect, in seconds.

        ``object_key`` is the key of the object's id that harness.toml names.
        """
        self._probe = probe
        self._fresh = fresh
        self._deliver = deliver
        self._settle_s = settle_s
        self._object_key = object_key

    def counting(self, event: Event) -> Counting | None:
        """Return what the numbers mean, None where a genuine delivery is not acknowledged; raises `ProbeError`."""
        if others := self._probe.effects(self._fresh(event).id):
            return Counting(fault=_OTHERS.format(counted(others)))
        first = self._fresh(event)
        if not self._deliver(first).acknowledged:
            return None
        keys = object_keys(event, self._object_key)
        ways = [*(Apart(object_key=key) for key in keys), *(Apart(vary=vary) for vary in VARIATIONS if vary(event))]
        together = self._together(event, first, ways)
        if together is _Independence.REFUSED:
            return None
        if together is _Independence.PER_EVENT:
            return Counting()
        return self._apart(event, together, ways)

    def _together(self, event: Event, first: Event, ways: Sequence[Apart]) -> _Independence:
        """Return what two deliveries show that differ in their ids alone, the first of which was made."""
        before = self._probe.wait(first.id, within_s=min(_SOON_S, self._settle_s))
        if not before:
            others = [self._fresh(way(event)) for way in ways]
            for other in others:  # so that one wait serves all of them
                self._deliver(other)
            if not self._any(first, *others):
                return _Independence.SILENT
            before = self._probe.effects(first.id)
        return self._after(event, Apart(), first, before)

    def _any(self, *events: Event) -> bool:
        """Wait until one of the events has an effect; False when the time is over."""
        start = time.monotonic()
        while not any(self._probe.effects(event.id) for event in events):
            waited = time.monotonic() - start
            if waited >= self._settle_s:
                return False
            time.sleep(pause(waited))
        return True

    def _apart(self, event: Event, together: _Independence, ways: Sequence[Apart]) -> Counting:
        """Try events apart, after events that differ in their ids alone showed ``together``."""
        if together is _Independence.SILENT:
            return Counting(fault=NO_EFFECT.format(self._settle_s))
        apart = []
        for way in ways:
            apart.append(self._seen(event, way))
            if apart[-1] is _Independence.PER_EVENT:
                return Counting(apart=way)
        if together is _Independence.NOTHING:
            return Counting(fault=NO_EFFECT.format(self._settle_s))
        by_object = apart[: sum(way.vary is None for way in ways)]
        if _Independence.FIRST_ONLY in by_object:  # events are lost although nothing connects them
            return Counting()
        return Counting(fault=_SHARED + ("" if by_object else _ALTERNATIVE))

    def _seen(self, event: Event, way: Apart) -> _Independence:
        """Deliver an event, then another that is apart from it in this way."""
        first = self._fresh(way(event))
        if not self._deliver(first).acknowledged:
            return _Independence.REFUSED
        return self._after(event, way, first, self._probe.wait(first.id, within_s=self._settle_s))

    def _after(self, event: Event, way: Apart, first: Event, before: int) -> _Independence:
        """Deliver another event after ``first``, which had so many effects."""
        if not before:
            return _Independence.NOTHING
        second = self._fresh(way(event))
        seen = self._compared(first, second, before)
        if seen is not _Independence.CHANGED:
            return seen
        # A late effect changes a number too: once more, with time for that.
        before = self._probe.settled(second.id, within_s=self._settle_s)
        return self._compared(second, self._fresh(way(event)), before)

    def _compared(self, first: Event, second: Event, before: int) -> _Independence:
        if not self._deliver(second).acknowledged:
            return _Independence.REFUSED
        if not self._probe.wait(second.id, within_s=self._settle_s):
            return _Independence.FIRST_ONLY
        return _Independence.PER_EVENT if self._probe.effects(first.id) == before else _Independence.CHANGED
