"""The matrix of faults and signals in words and signs: a cell is never shown by colour alone."""

from __future__ import annotations

from typing import NamedTuple

from harness.model.signals import FaultSignals, Signal, SignalMatrix

HEADINGS = ("fault", *(signal.thing for signal in Signal))


class Cell(NamedTuple):
    """How a cell is shown."""

    mark: str
    word: str
    style: str
    """The style of the page for the outcome that it resembles."""


SHOWN = Cell("\N{CHECK MARK}", "shown", "pass")
NOTHING = Cell("\N{EN DASH}", "nothing", "not_applicable")
BLIND_CELL = Cell("\N{MULTIPLICATION X}", "nothing", "fail")
"""In a row in which no signal shows anything."""
MISSING = Cell("\N{MULTIPLICATION X}", "missing", "fail")
"""A signal that harness.toml declares."""
BLIND = Cell("\N{MULTIPLICATION X}", "blind", "fail")
NOT_OBSERVED = Cell("?", "not observed", "not_run")
UNKNOWN = Cell("?", "unknown", "not_run")


def cells(row: FaultSignals) -> list[Cell]:
    """Return the cells of a row, in the order of `HEADINGS`, without the fault itself."""
    return [_cell(row, signal) for signal in Signal]


def _cell(row: FaultSignals, signal: Signal) -> Cell:
    if signal not in row.shown:
        return NOT_OBSERVED
    if row.shown[signal]:
        return SHOWN
    if signal in row.declared:
        return MISSING
    return BLIND_CELL if row.is_blind else NOTHING


def state(row: FaultSignals) -> Cell:
    """Return what the row as a whole comes to."""
    if row.is_blind:
        return BLIND
    if row.missing:
        return MISSING
    return SHOWN if row.shown_by else UNKNOWN


def evidence(row: FaultSignals) -> list[tuple[str, list[str]]]:
    """Return what was seen of a fault, by each signal that was observed."""
    observed = ((signal, row.shown[signal]) for signal in Signal if signal in row.shown)
    return [(signal.thing, list(texts) or [_nothing(row, signal)]) for signal, texts in observed]


def _nothing(row: FaultSignals, signal: Signal) -> str:
    return "nothing, although [telemetry] shown_by declares it" if signal in row.declared else "nothing"


def summary(matrix: SignalMatrix) -> str:
    """Return in one sentence how many faults were shown, and by name those that were not."""
    caused = [row for row in matrix.rows if not row.not_caused]
    shown = sum(bool(row.shown_by) for row in caused)
    counted = f"{shown} of {len(caused)} caused faults were shown by at least one signal"
    blind = "; nothing showed " + ", ".join(row.fault for row in matrix.blind) if matrix.blind else ""
    return counted + blind


def unobserved(matrix: SignalMatrix) -> list[str]:
    """Return a sentence for each signal that was not observed at all."""
    return [
        f"No {signal.thing} was observed: {matrix.unobserved[signal]}"
        for signal in Signal
        if signal in matrix.unobserved
    ]
