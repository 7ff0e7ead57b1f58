"""An answer over an exercise becomes figures: data at all, in good traffic, and moved by which fault."""

from __future__ import annotations

from collections.abc import Iterable
from math import nan

from harness.errors import MonitoringError
from harness.telemetry.dashboards.panel_answers import PanelAnswer, answer, ask
from harness.telemetry.dashboards.panel_queries import PanelQuery
from harness.telemetry.monitoring.prometheus_api import QueriedSeries

GOOD = [(0.0, 10.0)]
FAULTS = {"forged": (20.0, 30.0), "poison": (40.0, 50.0)}


def series(*points: tuple[float, float], **labels: str) -> QueriedSeries:
    return QueriedSeries(labels=labels, points=points)


def figures(*found: QueriedSeries, label: str = "") -> PanelAnswer:
    return answer(found, good=GOOD, faults=FAULTS, label=label)


def test_a_series_that_only_a_fault_fills_is_moved_by_it() -> None:
    """It is empty in good traffic; what is shown right after a fault is of that fault."""
    assert figures(series((31, 1))) == PanelAnswer(series=1, good=0, moved_by=("forged",))


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


def query(expr: str) -> PanelQuery:
    return PanelQuery(key=f"d.json#{expr}", dashboard="d.json", panel="T", line=1, written=expr, expr=expr)


def test_every_query_is_asked_over_the_whole_exercise() -> None:
    """From the begin of good traffic to the end; an error of one query is its answer."""
    asked_for: list[tuple[str, float, float, float]] = []

    def query_range(expr: str, start: float, end: float, step_s: float) -> Iterable[QueriedSeries]:
        asked_for.append((expr, start, end, step_s))
        if expr == "b":
            raise MonitoringError("Prometheus reported an error for b: execution: many-to-many\n matching.")
        return [series((1, 1))]

    answers = ask([query("a"), query("b"), query("c")], query_range, good=GOOD, faults=FAULTS, until=60)
    assert asked_for == [(expr, 0.0, 60, 1) for expr in "abc"]
    assert answers == {
        "d.json#a": PanelAnswer(series=1, good=1),
        "d.json#b": PanelAnswer(error="many-to-many matching."),
        "d.json#c": PanelAnswer(series=1, good=1),
    }


def test_a_server_that_fails_is_no_answer_and_is_not_asked_again() -> None:
    """It would fail, slowly, for each of the queries; none of them is wrong because of it."""
    asked_for: list[str] = []

    def query_range(expr: str, *_: float) -> Iterable[QueriedSeries]:
        asked_for.append(expr)
        raise MonitoringError("Prometheus does not answer (timed out). Start prometheus there, or correct the URL.")

    assert ask([query("a"), query("b")], query_range, good=GOOD, faults=FAULTS, until=60) == {}
    assert asked_for == ["a"]


def test_no_more_is_asked_when_the_time_is_over() -> None:
    """A run with thousands of queries ends."""
    assert ask([query("a")], lambda *_: [], good=GOOD, faults=FAULTS, until=60, within_s=-1) == {}
