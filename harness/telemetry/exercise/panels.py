"""Asks the queries of dashboards over a whole exercise, so that they can be judged when no server runs any more."""

from __future__ import annotations

import time
from collections.abc import Iterable

from harness.errors import MonitoringError
from harness.telemetry.dashboards.panel_answers import PanelAnswer, Period, answer
from harness.telemetry.dashboards.panel_queries import PanelQuery
from harness.telemetry.exercise.driver import Exercise
from harness.telemetry.monitoring.alert_proof import LATE_S
from harness.telemetry.monitoring.monitoring_config import EACH_S
from harness.telemetry.monitoring.prometheus_api import PrometheusApi

WITHIN_S = 60.0
"""For all queries together; those that remain are reported as not asked."""


def answers_of(queries: Iterable[PanelQuery], exercise: Exercise, prometheus: PrometheusApi) -> dict[str, PanelAnswer]:
    """Return the answer to each query, by its key."""
    assert exercise.good is not None
    assert exercise.good.ended is not None
    good = exercise.good.began, exercise.good.ended
    faults = {
        window.fault.name: (window.mark.began, (window.mark.ended or window.mark.began) + LATE_S)
        for window in exercise.windows
        if window.mark is not None
    }
    deadline = time.monotonic() + WITHIN_S
    until = time.time()
    return {query.key: _answered(query, prometheus, good, faults, until, deadline) for query in queries}


def _answered(
    query: PanelQuery,
    prometheus: PrometheusApi,
    good: Period,
    faults: dict[str, Period],
    until: float,
    deadline: float,
) -> PanelAnswer:
    if time.monotonic() > deadline:
        return PanelAnswer(error=f"not asked: the queries before it took {WITHIN_S:g} s")
    try:
        found = prometheus.query_range(query.expr, good[0], until, EACH_S)
    except MonitoringError as exc:
        return PanelAnswer(error=str(exc))
    return answer(found, good=[good], faults=faults, label=query.label)
