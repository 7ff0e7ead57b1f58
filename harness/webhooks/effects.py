"""Effects: what the integration did because of an event, as the integration itself reports it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import msgspec

from harness.core.cutting import cut
from harness.core.encodable import readable_json
from harness.errors import ProbeError
from harness.secrets.redaction.redactor import Redactor
from harness.webhooks.probes import Ask, Row

SOONEST_S, LATEST_S = 0.002, 0.1
QUIET_S = 1.0
"""Seconds after a first effect in which a second one would show."""
_SHOWN = 200
"""Most characters of an answer in a message."""
_NAMELESS = ("None", "null", "undefined")
"""Ids under which programs file what has no id."""


def pause(waited_s: float) -> float:
    """Return how long to wait before asking again, in seconds; it grows with the time already waited."""
    return min(LATEST_S, max(SOONEST_S, waited_s / 4))


def _shown(row: Row) -> str:
    """Return an answer as JSON without secrets, in one line and cut; what only a database has is text."""
    answer = readable_json(msgspec.to_builtins(dict(row), enc_hook=str))
    return cut(Redactor().body(answer, media_type="application/json", received=True).decode(), _SHOWN)


def counted(effects: int) -> str:
    """Return a number of effects as text."""
    return f"{effects} effect{'' if effects == 1 else 's'}"


class EffectProbe:
    """Asks how many effects an event has; an unknown event has none."""

    def __init__(self, ask: Ask, *, count: str, where: str = "[receiver] effects") -> None:
        """``count`` is the key of the number in the answer; ``where`` is the probe's own key, for messages."""
        self._ask = ask
        self._count = count
        self._where = where

    def effects(self, event_id: str) -> int:
        """Return the number of effects; raises `ProbeError` when the answer is unusable."""
        row = self._ask(event_id)
        if row is None:
            return 0
        key = next(iter(row)) if len(row) == 1 else self._count
        count = row.get(key)
        count = len(count) if isinstance(count, list) else count
        if not isinstance(count, int) or isinstance(count, bool):
            raise ProbeError(
                f"{self._where}: the answer about {event_id} is {_shown(row)}, without a number of effects as "
                f"{key!r}. Put the number there (0, or 404, for an unknown event), or name its key with `count`."
            )
        return count

    def wait(self, event_id: str, *, within_s: float) -> int:
        """Return the number of effects as soon as there is one, or 0 after ``within_s`` seconds."""
        start = time.monotonic()
        while True:
            count = self.effects(event_id)
            waited = time.monotonic() - start
            if count or waited >= within_s:
                return count
            time.sleep(pause(waited))

    def settled(self, event_id: str, *, within_s: float) -> int:
        """Return the number of effects, after `QUIET_S` seconds in which it could have grown."""
        count = self.wait(event_id, within_s=within_s)
        deadline = time.monotonic() + QUIET_S
        while time.monotonic() < deadline:
            time.sleep(pause(QUIET_S))
            if (now := self.effects(event_id)) > count:
                return now
        return count


class NamelessEffects:
    """The effects of events without an id, as a number that is asked for once and then remembered."""

    def __init__(self, probe: EffectProbe | None) -> None:
        self._probe = probe
        self._lock = threading.Lock()
        self._known: int | None = None

    def count(self) -> int:
        """Return the number; 0 without a probe."""
        with self._lock:  # whoever asks later sends its delivery later
            if self._known is None:
                self._known = self._asked()
            return self._known

    def forget(self) -> None:
        """Ask again, the next time: there may be more by now."""
        self._known = None

    def _asked(self) -> int:
        found = 0
        if self._probe is None:
            return found
        for name in _NAMELESS:
            with suppress(ProbeError):  # a database may refuse what has not the form of an id
                found += self._probe.effects(name)
        return found
