"""What showed each fault that a run caused: the matrix of faults and signals."""

from __future__ import annotations

import enum

import msgspec


class Signal(enum.StrEnum):
    """A way in which operators can notice a fault."""

    LOG = "log"
    METRIC = "metric"
    SPAN = "span"
    ALERT = "alert"


class FaultSignals(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the matrix: a fault, and what each signal showed of it."""

    fault: str
    """Its name, such as ``forged`` or ``key-refused``."""
    not_caused: str = ""
    """Why it was not caused; empty where it was."""
    shown: dict[Signal, tuple[str, ...]] = {}
    """By signal, what appeared with the fault and not in good traffic: log lines, series, spans, alerts."""


class SignalMatrix(msgspec.Struct, frozen=True, kw_only=True):
    """All faults that the run caused, and what showed them."""

    rows: tuple[FaultSignals, ...]
    unobserved: dict[Signal, str] = {}
    """By signal that was not observed at all, why not."""
