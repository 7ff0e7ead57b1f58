"""Asks the queries of dashboards over a whole exercise, so that they can be judged when no server runs any more."""

from __future__ import annotations

import time
from collections.abc import Iterable

from harness.telemetry.dashboards.panel_answers import PanelAnswer, ask
from harness.telemetry.dashboards.panel_queries import PanelQuery
from harness.telemetry.exercise.driver import Exercise
from harness.telemetry.monitoring.prometheus_api import PrometheusApi


def answers_of(queries: Iterable[PanelQuery], exercise: Exercise, prometheus: PrometheusApi) -> dict[str, PanelAnswer]:
    """Return the answer to each query, by its key; those that remain when the time is over are missing."""
    faults = {
        window.fault.name: (window.mark.began, window.mark.ended or window.mark.began)
        for window in exercise.windows
        if window.mark is not None
    }
    return ask(queries, prometheus.query_range, good=[exercise.good_period], faults=faults, until=time.time())
