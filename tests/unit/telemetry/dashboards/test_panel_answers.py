"""An answer over an exercise becomes figures: data at all, in good traffic, and moved by which fault."""

from __future__ import annotations

from math import nan

from harness.telemetry.dashboards.panel_answers import PanelAnswer, answer
from harness.telemetry.monitoring.prometheus_api import QueriedSeries

GOOD = [(0.0, 10.0)]
FAULTS = {"forged": (20.0, 30.0), "poison": (40.0, 50.0)}


def series(*points: tuple[float, float], **labels: str) -> QueriedSeries:
    return QueriedSeries(labels=labels, points=points)


def figures(*found: QueriedSeries, label: str = "") -> PanelAnswer:
    return answer(found, good=GOOD, faults=FAULTS, label=label)


def test_a_series_that_only_a_fault_fills_is_moved_by_it() -> None:
    """It is empty in good traffic, and tells which fault fills it."""
    assert figures(series((25, 1))) == PanelAnswer(series=1, good=0, moved_by=("forged",))


def test_a_series_with_other_values_in_a_fault_is_moved_by_it() -> None:
    """Values between those of good traffic are no movement."""
    found = figures(series((1, 0), (5, 2), (25, 1), (45, 3)))
    assert found == PanelAnswer(series=1, good=1, moved_by=("poison",))


def test_what_is_not_a_number_is_no_data() -> None:
    """A quantile without observations is NaN, for which Grafana draws nothing."""
    assert figures(series((1, nan), (25, nan)), series()) == PanelAnswer()


def test_a_series_between_the_periods_has_data() -> None:
    """Data at any time of the exercise counts."""
    assert figures(series((15, 1))) == PanelAnswer(series=1)


def test_the_values_of_a_variable_are_those_of_its_label() -> None:
    """Each once, in order."""
    found = figures(series((1, 1), job="b"), series((1, 1), job="a"), series((1, 1), other="c"), label="job")
    assert found.values == ("a", "b")
