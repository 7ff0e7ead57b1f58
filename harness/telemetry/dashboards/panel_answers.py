"""What Prometheus answered to a query of a dashboard over one exercise, in figures."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isnan

import msgspec

from harness.errors import MonitoringError
from harness.telemetry.dashboards.panel_queries import PanelQuery
from harness.telemetry.monitoring.alert_proof import LATE_S
from harness.telemetry.monitoring.monitoring_config import EACH_S
from harness.telemetry.monitoring.prometheus_api import QueriedSeries

WITHIN_S = 30.0
"""Time for all queries of a run; those that remain are not checked. 500 queries take 2 s."""
MAX_VALUES = 500
"""Values of a variable that an answer has."""
_EVALUATION = re.compile(r"\b(?:execution|bad_data): (.*)", re.DOTALL)
"""The error of a query, in contrast to that of a server that does not answer (Prometheus: HTTP API, errorType)."""
QueryRange = Callable[[str, float, float, float], Iterable[QueriedSeries]]
"""Evaluates an expression from one time to another, both in Unix seconds, at every step; raises `MonitoringError`."""
Period = tuple[float, float]
"""Begin and end in Unix seconds."""


class PanelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one query; a point without a number (NaN) counts as none, as Grafana draws none."""

    series: int = 0
    """Series with data at some time of the exercise."""
    good: int = 0
    """Series with data during good traffic."""
    moved_by: tuple[str, ...] = ()
    """Faults in whose time a series had data, or a value, that it had not in good traffic."""
    values: tuple[str, ...] = ()
    """Of a variable: the values of its label."""
    error: str = ""
    """Why Prometheus could not answer."""


def ask(
    queries: Iterable[PanelQuery],
    query_range: QueryRange,
    *,
    good: Sequence[Period],
    faults: Mapping[str, Period],
    until: float,
    within_s: float = WITHIN_S,
) -> dict[str, PanelAnswer]:
    """Return the answers over the whole exercise by key of the query; those of a server that fails are missing.

    ``good`` are the times of good traffic, ``faults`` the time of each fault that was caused, and ``until`` the end of
    the exercise in Unix seconds.
    """
    begin = min(begin for begin, _ in (*good, *faults.values()))
    deadline = time.monotonic() + within_s
    answers: dict[str, PanelAnswer] = {}
    for query in queries:
        if time.monotonic() > deadline:
            break
        try:
            found = query_range(query.expr, begin, until, EACH_S)
        except MonitoringError as exc:
            error = _EVALUATION.search(str(exc))
            if error is None:
                break
            answers[query.key] = PanelAnswer(error=" ".join(error[1].split()))
        else:
            answers[query.key] = answer(found, good=good, faults=faults, label=query.label)
    return answers


def answer(
    found: Iterable[QueriedSeries], *, good: Sequence[Period], faults: Mapping[str, Period], label: str = ""
) -> PanelAnswer:
    """Return the figures of an answer over a whole exercise; ``label`` is that of the query (`PanelQuery.label`)."""
    points = [(one.labels, [(at, value) for at, value in one.points if not isnan(value)]) for one in found]
    shown = [(labels, numbers) for labels, numbers in points if numbers]
    usual = [_values(numbers, good) for _, numbers in shown]
    moved = {
        fault: any(
            _moved(_values(numbers, [(begin, end + LATE_S)]), known)
            for (_, numbers), known in zip(shown, usual, strict=True)
        )
        for fault, (begin, end) in faults.items()
    }
    values = sorted({labels[label] for labels, _ in shown if labels.get(label)})
    return PanelAnswer(
        series=len(shown),
        good=sum(map(bool, usual)),
        moved_by=tuple(fault for fault, has_moved in moved.items() if has_moved),
        values=tuple(values[:MAX_VALUES]),
    )


def _values(points: Iterable[tuple[float, float]], periods: Iterable[Period]) -> list[float]:
    limits = list(periods)
    return [value for at, value in points if any(begin <= at <= end for begin, end in limits)]


def _moved(during: Sequence[float], usual: Sequence[float]) -> bool:
    """Whether values during a fault differ from those of good traffic: there were none, or none so high or low."""
    if not during or not usual:
        return bool(during)
    return max(during) > max(usual) or min(during) < min(usual)
