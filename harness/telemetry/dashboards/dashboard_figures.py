"""Figures of many dashboards: how much of them was found, parsed and not checked, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from harness.telemetry.dashboards.dashboard import Dashboard
from harness.telemetry.dashboards.panel_queries import VARIABLE, panel_queries


class DashboardFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How many there are of each."""

    dashboards: int
    unreadable: int
    """Files that are not dashboards."""
    panels: int
    library_panels: int
    """Of these, panels of a library that the file does not contain."""
    targets: dict[str, int]
    """Queries of panels and annotations, by the type of their data source."""
    variables: int
    """Queries of variables to a Prometheus."""
    without_query: int
    """Targets of a Prometheus that ask nothing."""
    parsed: int
    """Queries to a Prometheus that are PromQL, of panels, annotations and variables."""
    asked: int
    """Of these, such as an exercise asks."""
    errors: int
    """Queries that are not PromQL."""
    not_checked: dict[str, int]
    """Queries that nobody can judge, by reason."""
    not_asked: dict[str, int]
    """Parsed queries that an exercise does not ask, by reason."""


def dashboard_figures(dashboards: Iterable[Dashboard]) -> DashboardFigures:
    """Count what was read."""
    found = list(dashboards)
    shown = [panel for dashboard in found for panel in (*dashboard.panels, *dashboard.annotations)]
    targets = [target for panel in shown for target in panel.targets]
    queries = [query for dashboard in found for query in panel_queries(dashboard)]
    parsed = [query for query in queries if query.is_parsed]
    return DashboardFigures(
        dashboards=len(found),
        unreadable=sum(bool(dashboard.problem) for dashboard in found),
        panels=sum(len(dashboard.panels) for dashboard in found),
        library_panels=sum(bool(panel.library) for panel in shown),
        targets=dict(Counter(str(target.source) for target in targets).most_common()),
        variables=sum(query.kind == VARIABLE for query in queries),
        without_query=sum(target.source.is_prometheus and not target.expr.strip() for target in targets),
        parsed=len(parsed),
        asked=sum(query.is_asked for query in parsed),
        errors=sum(bool(query.error) for query in queries),
        not_checked=dict(Counter(query.not_checked for query in queries if query.not_checked)),
        not_asked=dict(Counter(query.not_asked for query in parsed if query.not_asked)),
    )
