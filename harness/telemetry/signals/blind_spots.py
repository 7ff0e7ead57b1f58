"""Blind spots: faults that no signal showed, and signals that a team counts on and that showed nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.model import Check, Finding, Level, Outcome
from harness.model.signals import FAULTS, FaultSignals, Signal, SignalMatrix
from harness.telemetry.metrics import ITEM as METRICS
from harness.telemetry.traces import ITEM as TRACES

_COUNT_CALLS = (
    "Count the client's calls by their outcome, and log each call that is repeated or given up with its reason."
)
_FIXES = {
    "forged": "Count refused deliveries by reason, and log each as a warning, without its body.",
    "stale": "Count refused deliveries by reason, and log each as a warning, without its body.",
    "duplicate": "Count deliveries of events that were received before in a series of their own.",
    "poison": "Count events that are given up, and log each with its id and the reason.",
    "slow": "Record the time that processing takes in a histogram with buckets beyond its usual duration.",
    "crash": "Let Prometheus scrape every process, so that the series up becomes 0, and log each start.",
    "429": _COUNT_CALLS,
    "5xx": _COUNT_CALLS,
    "time-limit": _COUNT_CALLS,
    "broken-connection": _COUNT_CALLS,
    "key-refused": "Count responses 401 and 403 of the provider, and log each as an error, as every call fails.",
}
_ITEMS = {Signal.LOG: METRICS, Signal.METRIC: METRICS, Signal.SPAN: TRACES, Signal.ALERT: "observability.alerts"}
"""By signal, the item that its absence concerns. No item is about log lines alone (`secrets.never-logged` is about what
they must not contain), so they belong to the metrics, beside which operators read them."""


class SignalCheck(Check, frozen=True, kw_only=True):
    """One row about what shows faults."""

    level: Level = Level.SHOULD
    source: str = "Google SRE Book, chapter 6: Monitoring Distributed Systems"


class BlindSpot(SignalCheck, frozen=True, kw_only=True):
    """One fault that something must show."""

    item: str = METRICS
    expected: str = "a log line, metric, span or alert that good traffic does not have"
    fault: str


class DeclaredSignal(SignalCheck, frozen=True, kw_only=True):
    """One signal that must show the faults for which ``[telemetry] shown_by`` declares it."""

    signal: Signal


def _article(signal: Signal) -> str:
    return f"an {signal.thing}" if signal is Signal.ALERT else f"a {signal.thing}"


def _things(signals: Sequence[Signal]) -> str:
    *first, last = (signal.thing for signal in signals)
    return f"{', '.join(first)} or {last}" if first else last


BLIND_SPOTS: tuple[BlindSpot, ...] = tuple(
    BlindSpot(
        id=f"blind-spot-{fault}",
        summary=f"what shows {words}",
        passed=f"Showed {words}",
        failed=f"No {_things(tuple(Signal))} showed {words}",
        fix=_FIXES[fault],
        fault=fault,
    )
    for fault, words in FAULTS.items()
)

DECLARED: tuple[DeclaredSignal, ...] = tuple(
    DeclaredSignal(
        id=f"shown-by-{signal}",
        item=_ITEMS[signal],
        summary=f"the faults that {_article(signal)} shows",
        passed=f"Showed a fault by {_article(signal)}, as declared",
        failed=f"Showed a fault by no {signal.thing}, although it is declared",
        expected=f"{_article(signal)} that good traffic does not have",
        fix=f"Restore the {signal.thing}, or remove the signal from [telemetry] shown_by.",
        signal=signal,
    )
    for signal in Signal
)

CHECKS: tuple[SignalCheck, ...] = (*BLIND_SPOTS, *DECLARED)


def matrix_of(
    shown: Mapping[str, Mapping[Signal, Sequence[str]]],
    *,
    not_caused: Mapping[str, str],
    unobserved: Mapping[Signal, str],
    shown_by: Mapping[str, Sequence[Signal]],
) -> SignalMatrix:
    """Return the matrix: per fault what showed it, or why it was not caused; a fault of neither was not selected."""
    rows = (
        FaultSignals(
            fault=fault,
            not_caused="" if fault in shown else not_caused.get(fault, "it was not part of this run"),
            shown={signal: tuple(texts) for signal, texts in shown.get(fault, {}).items()},
            declared=tuple(signal for signal in Signal if signal in shown_by.get(fault, ())),
        )
        for fault in FAULTS
    )
    return SignalMatrix(rows=tuple(rows), unobserved=dict(unobserved))


def judge_signals(matrix: SignalMatrix, *, reproduce: str = "") -> list[Finding]:
    """Return a finding for each fault that was caused, and for each declared signal."""
    rows = {row.fault: row for row in matrix.rows}
    spots = ((spot, rows.get(spot.fault)) for spot in BLIND_SPOTS)
    caused = [
        _judge_spot(spot, row, matrix, reproduce) for spot, row in spots if row is not None and not row.not_caused
    ]
    return [*caused, *(f for check in DECLARED for f in _judge_declared(check, matrix, reproduce))]


def _judge_spot(spot: BlindSpot, row: FaultSignals, matrix: SignalMatrix, reproduce: str) -> Finding:
    if row.shown_by:
        seen = "; ".join(f"{signal.thing}: {row.shown[signal][0]}" for signal in row.shown_by)
        return spot.finding(Outcome.PASS, seen, reproduce=reproduce)
    unknown = _unobserved(matrix, [signal for signal in Signal if signal not in row.shown])
    if not row.is_blind:
        return spot.finding(Outcome.NOT_RUN, f"nothing showed it, but not observed: {unknown}", reproduce=reproduce)
    summary = f"No {_things([signal for signal in Signal if signal in row.shown])} showed {row.words}"
    observed = "nothing that good traffic does not have" + (f"; not observed: {unknown}" if unknown else "")
    return spot.finding(Outcome.FAIL, observed, summary=summary, reproduce=reproduce)


def _judge_declared(check: DeclaredSignal, matrix: SignalMatrix, reproduce: str) -> Iterator[Finding]:
    for row in matrix.rows:
        if check.signal not in row.declared:
            continue
        texts = row.shown.get(check.signal)
        if row.not_caused:
            outcome, observed = Outcome.NOT_RUN, f"{row.fault} was not caused: {row.not_caused}"
        elif texts is None:
            outcome, observed = Outcome.NOT_RUN, f"not observed: {_unobserved(matrix, [check.signal])}"
        elif texts:
            outcome, observed = Outcome.PASS, texts[0]
        else:
            others = ", ".join(signal.thing for signal in row.shown_by) or "nothing"
            outcome, observed = Outcome.FAIL, f"shown by {others}"
        summary = {
            Outcome.PASS: f"Showed {row.words} by {_article(check.signal)}, as declared",
            Outcome.FAIL: f"No {check.signal.thing} showed {row.words}, although [telemetry] shown_by declares it",
        }.get(outcome, "")
        yield check.finding(outcome, observed, summary=summary, reproduce=reproduce, case=f"{check.id}-{row.fault}")


def _unobserved(matrix: SignalMatrix, signals: Sequence[Signal]) -> str:
    """Name signals that were not observed, each with the reason where it is known."""
    return ", ".join(
        f"{s.thing}s ({matrix.unobserved[s]})" if s in matrix.unobserved else f"{s.thing}s" for s in signals
    )
