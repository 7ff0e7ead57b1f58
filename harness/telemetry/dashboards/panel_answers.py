"""What Prometheus answered to a query of a dashboard over one exercise, in figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isnan

import msgspec

from harness.telemetry.monitoring.prometheus_api import QueriedSeries

MAX_VALUES = 500
"""Values of a variable that an answer has."""
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


def answer(
    found: Iterable[QueriedSeries], *, good: Sequence[Period], faults: Mapping[str, Period], label: str = ""
) -> PanelAnswer:
    """Return the figures of an answer over a whole exercise.

    ``good`` are the times of good traffic, ``faults`` the time of each fault that was caused; ``label`` is that of the
    query (`PanelQuery.label`).
    """
    points = [(one.labels, [(at, value) for at, value in one.points if not isnan(value)]) for one in found]
    shown = [(labels, numbers) for labels, numbers in points if numbers]
    usual = [_values(numbers, good) for _, numbers in shown]
    moved = {
        fault: any(_moved(_values(numbers, [period]), known) for (_, numbers), known in zip(shown, usual, strict=True))
        for fault, period in faults.items()
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
