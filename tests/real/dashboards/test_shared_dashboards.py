"""Dashboards of other people are read whole, and what is called a fault in them is one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.model import Outcome
from harness.telemetry.dashboards.dashboard import Dashboard
from harness.telemetry.dashboards.dashboard_figures import dashboard_figures
from harness.telemetry.dashboards.dashboard_reader import read_dashboards
from harness.telemetry.dashboards.judging import judge_dashboards


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "monitoring" / "dashboards"


@pytest.fixture
def dashboards(folder: Path) -> tuple[Dashboard, ...]:
    return read_dashboards(sorted(folder.glob("*.json")), folder)


def expressions(value: Any) -> Iterator[str]:
    """Yield every text under a key ``expr``, wherever it is."""
    if isinstance(value, dict):
        yield from (v for k, v in value.items() if k == "expr" and isinstance(v, str) and v.strip())
        yield from (found for inner in value.values() for found in expressions(inner))
    elif isinstance(value, list):
        yield from (found for inner in value for found in expressions(inner))


def test_every_expression_of_every_file_is_found(folder: Path, dashboards: tuple[Dashboard, ...]) -> None:
    """A search without any knowledge of dashboards finds no query more."""
    for dashboard in dashboards:
        if not dashboard.problem:
            shown = (*dashboard.panels, *dashboard.annotations)
            found = sorted(t.expr for panel in shown for t in panel.targets if t.expr.strip())
            document = json.loads((folder / dashboard.file).read_bytes())
            assert found == sorted(expressions(document)), dashboard.file


def test_the_figures_add_up(dashboards: tuple[Dashboard, ...]) -> None:
    """Every query to a Prometheus is parsed, or has a reason why nobody can judge it."""
    figures = dashboard_figures(dashboards)
    assert figures.dashboards >= 40
    assert figures.unreadable <= 1
    queries = figures.targets["prometheus"] + figures.variables - figures.without_query
    assert figures.parsed + figures.errors + sum(figures.not_checked.values()) == queries
    assert figures.errors == 0


def test_the_static_faults_are_known(dashboards: tuple[Dashboard, ...]) -> None:
    """A file with the template of another tool in it, and legends of labels that the query aggregates away."""
    findings = judge_dashboards(dashboards, None, None)
    failed = {f.check for f in findings if f.outcome is Outcome.FAIL}
    assert failed == {"is-readable", "legend-names-labels"}
