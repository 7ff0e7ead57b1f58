"""Whether the numbers of the effect probe mean anything, found out before a check uses them."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple

from harness.model import Delivery, Event
from harness.webhooks.effects import EffectProbe, counted
from harness.webhooks.object_ids import about_another_object, object_keys

_OTHERS = (
    "[receiver] effects reports {} for an event that was never delivered, so it does not count per event. Select by "
    "{{event_id}} (in SQL :event_id), and return 0, or 404, for an unknown event"
)
_SHARED = (
    "[receiver] effects does not count per event: the number of one event depends on a later event about the same "
    "object. Count what each event did, such as the rows that have its id, not the rows of the object"
)
_ALTERNATIVE = ", or deliver fixtures whose object has an id that can be replaced"
NO_EFFECT = "a genuine delivery has no effect within {:g} s: is the probe right? See [receiver] effects"


class Counting(NamedTuple):
    """What the numbers of the probe mean."""

    fault: str = ""
    """Why no number of effects means anything, empty where they do."""
    object_key: str | None = None
    """Where each event needs an object of its own to be counted: the key of the object's id."""


class _Independence(enum.Enum):
    PER_EVENT = enum.auto()
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
        seen = self._seen(event, None)
        if seen is _Independence.REFUSED:
            return None
        if seen is _Independence.PER_EVENT:
            return Counting()
        return self._apart(event, seen)

    def _apart(self, event: Event, together: _Independence) -> Counting:
        """Try objects apart, after events about one object showed ``together``."""
        keys = object_keys(event, self._object_key)
        apart = []
        for key in keys:
            apart.append(self._seen(event, key))
            if apart[-1] is _Independence.PER_EVENT:
                return Counting(object_key=key)
        if together is _Independence.NOTHING:
            return Counting(fault=NO_EFFECT.format(self._settle_s))
        if _Independence.FIRST_ONLY in apart:  # events are lost although nothing connects them
            return Counting()
        return Counting(fault=_SHARED + ("" if keys else _ALTERNATIVE))

    def _seen(self, event: Event, key: str | None) -> _Independence:
        """Deliver an event, then another: about the same object, or about new ones with the id at ``key``."""
        first = self._another(event, key)
        if not self._deliver(first).acknowledged:
            return _Independence.REFUSED
        before = self._probe.wait(first.id, within_s=self._settle_s)
        if not before:
            return _Independence.NOTHING
        second = self._another(event, key)
        seen = self._compared(first, second, before)
        if seen is not _Independence.CHANGED:
            return seen
        # A late effect changes a number too: once more, with time for that.
        before = self._probe.settled(second.id, within_s=self._settle_s)
        return self._compared(second, self._another(event, key), before)

    def _compared(self, first: Event, second: Event, before: int) -> _Independence:
        if not self._deliver(second).acknowledged:
            return _Independence.REFUSED
        if not self._probe.wait(second.id, within_s=self._settle_s):
            return _Independence.FIRST_ONLY
        return _Independence.PER_EVENT if self._probe.effects(first.id) == before else _Independence.CHANGED

    def _another(self, event: Event, key: str | None) -> Event:
        return self._fresh(about_another_object(event, key) if key else event)
