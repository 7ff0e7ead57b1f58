"""What became of many events: asks for the effects and dead letters of all of them until one deadline."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import msgspec

from harness.webhooks.effects import QUIET_S, EffectProbe, pause
from harness.webhooks.probes import Ask, Row


class ProcessingResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an acknowledged event, as two answers; each is None where no probe can be asked."""

    processed: bool | None = None
    """Whether it had an effect."""
    set_aside: bool | None = None
    """Whether it is stored as a dead letter."""

    @property
    def decided(self) -> bool:
        """Whether waiting longer would change nothing."""
        return bool(self.processed or self.set_aside)


def lies(row: Row | None, when: Mapping[str, str]) -> bool:
    """Whether an event's row marks it as a dead letter; ``when`` as in ``[receiver.dead_letters]``."""
    return row is not None and all(str(row.get(k)) == v for k, v in when.items())


class ProcessingResults:
    """Asks the integration through those of its two probes that it has."""

    def __init__(
        self,
        probe: EffectProbe | None,
        dead_letter_of: Ask | None,
        *,
        when: Mapping[str, str],
        effect_s: float,
        dead_letter_s: float,
    ) -> None:
        """``effect_s`` bounds the wait for an effect, ``dead_letter_s`` for a dead letter, in seconds."""
        self._probe = probe
        self._dead_letter_of = dead_letter_of
        self._when = when
        self.effect_s = effect_s
        # Without a dead letter probe there is only the effect to wait for, and a later event has already had its own.
        self.dead_letter_s = dead_letter_s if dead_letter_of else QUIET_S

    def of(self, ids: Iterable[str], *, within_s: float = 0) -> dict[str, ProcessingResult]:
        """Return the result of each event, when all are decided or after ``within_s`` seconds.

        Every event is asked about at least once after the deadline, however long the questions take; an empty id has no
        result. Raises `ProbeError`.
        """
        found: dict[str, ProcessingResult] = {}
        open_ids = [event_id for event_id in ids if event_id]
        start = time.monotonic()
        while True:
            waited = time.monotonic() - start
            found.update((event_id, self._now(event_id)) for event_id in open_ids)
            open_ids = [event_id for event_id in open_ids if not found[event_id].decided]
            if waited >= within_s or not open_ids or not (self._probe or self._dead_letter_of):
                return found
            time.sleep(pause(waited))

    def _now(self, event_id: str) -> ProcessingResult:
        ask = self._dead_letter_of
        # The dead letter first: once an event is one, it has no further effect, so the two answers are consistent.
        set_aside = lies(ask(event_id), self._when) if ask else None
        processed = self._probe.effects(event_id) > 0 if self._probe else None
        return ProcessingResult(processed=processed, set_aside=set_aside)
