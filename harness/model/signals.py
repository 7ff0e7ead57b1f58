"""What showed each fault that a run caused: the matrix of faults and signals."""

from __future__ import annotations

import enum

import msgspec

FAULTS: dict[str, str] = {
    "forged": "a forged delivery",
    "stale": "a delivery with an old timestamp",
    "duplicate": "a repeated delivery",
    "poison": "an event that cannot be processed",
    "slow": "an event that is processed slowly",
    "crash": "a crash of the receiver",
    "429": "a response 429 to the client",
    "5xx": "a response 5xx to the client",
    "time-limit": "a call without a response within its time limit",
    "broken-connection": "a call whose connection broke",
    "key-refused": "a refused API key",
}
"""The faults that a run can cause, by name, in the order of every report."""


class Signal(enum.StrEnum):
    """A way in which operators can notice a fault."""

    LOG = "log"
    METRIC = "metric"
    SPAN = "span"
    ALERT = "alert"

    @property
    def thing(self) -> str:
        """What one sees of it."""
        return "log line" if self is Signal.LOG else self.value


class FaultSignals(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the matrix: a fault, and what each signal showed of it."""

    fault: str
    """One of `FAULTS`."""
    not_caused: str = ""
    """Why it was not caused; empty where it was."""
    shown: dict[Signal, tuple[str, ...]] = {}
    """By signal that was observed, what appeared with the fault and not in good traffic."""
    declared: tuple[Signal, ...] = ()
    """The signals that must show it, by ``[telemetry] shown_by``."""

    @property
    def words(self) -> str:
        """The fault in words."""
        return FAULTS.get(self.fault, self.fault)

    @property
    def shown_by(self) -> tuple[Signal, ...]:
        """The signals that showed it."""
        return tuple(signal for signal in Signal if self.shown.get(signal))

    @property
    def missing(self) -> tuple[Signal, ...]:
        """The declared signals that were observed and did not show it."""
        return tuple(signal for signal in self.declared if not self.shown.get(signal, ("not observed",)))

    @property
    def is_blind(self) -> bool:
        """Whether it was caused, and nothing showed it, although logs and metrics were observed."""
        return not (self.not_caused or self.shown_by) and {Signal.LOG, Signal.METRIC} <= self.shown.keys()


class SignalMatrix(msgspec.Struct, frozen=True, kw_only=True):
    """All faults that a run can cause, and what showed them."""

    rows: tuple[FaultSignals, ...]
    """In the order of `FAULTS`."""
    unobserved: dict[Signal, str] = {}
    """By signal that was not observed at all, why not."""

    @property
    def blind(self) -> tuple[FaultSignals, ...]:
        """The faults that nothing showed."""
        return tuple(row for row in self.rows if row.is_blind)
