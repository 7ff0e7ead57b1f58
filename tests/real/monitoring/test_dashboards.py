"""The sandbox's dashboard, asked of a real Prometheus: what it shows passes, and each mistake in it is found."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.model import Finding, Outcome
from harness.telemetry.dashboards.dashboard import Dashboard
from harness.telemetry.dashboards.dashboard_reader import parse_dashboard
from harness.telemetry.dashboards.judging import judge_dashboards
from harness.telemetry.dashboards.panel_answers import Period, ask
from harness.telemetry.dashboards.panel_queries import asked
from harness.telemetry.metrics import Exposed, parse_samples
from harness.telemetry.monitoring.monitoring_servers import Monitoring
from tests.real.monitoring.conftest import Exporter, Watched
from tests.waiting import wait_for

FILE = Path(__file__).parents[3] / "fixtures" / "dashboards" / "integration.json"
QUIET = {
    'webhook_deliveries_total{outcome="accepted"}': 3.0,
    'webhook_deliveries_total{outcome="rejected"}': 0.0,
    'webhook_refusals_total{reason="signature"}': 0.0,
    'webhook_ack_seconds_bucket{le="0.1"}': 3.0,
    'webhook_ack_seconds_bucket{le="+Inf"}': 3.0,
    'webhook_processing_seconds_bucket{le="0.1"}': 0.0,
    'webhook_processing_seconds_bucket{le="+Inf"}': 0.0,
    "webhook_inbox_depth": 0.0,
    "webhook_inbox_oldest_seconds": 0.0,
    "webhook_dead_letters_total": 0.0,
    "webhook_dead_letters_waiting": 0.0,
    'product_client_requests_total{outcome="ok"}': 1.0,
    "product_client_retries_total": 0.0,
    "product_client_auth_failures_total": 0.0,
}
ACKNOWLEDGED = ('webhook_ack_seconds_bucket{le="0.1"}', 'webhook_ack_seconds_bucket{le="+Inf"}')
PROCESSED = ('webhook_processing_seconds_bucket{le="0.1"}', 'webhook_processing_seconds_bucket{le="+Inf"}')
MISTAKES = {
    "a misspelt series": ("webhook_inbox_depth{", "webhook_inbox_dept{", "panel-names-series"),
    "a series that was removed": (
        "webhook_dead_letters_waiting{",
        "webhook_dead_letters_parked{",
        "panel-names-series",
    ),
    "a label that does not exist": ("sum by (reason) (", "sum by (cause) (", "panel-labels-exist"),
    "an aggregation without le": ("sum by (le) (rate(webhook_ack", "sum(rate(webhook_ack", "panel-has-le"),
    "an expression that does not parse": ("[$__rate_interval]))", "[$__rate_interval])", "panel-parses"),
    "vectors that do not match": (
        "max(webhook_inbox_oldest_seconds{instance=~",
        "webhook_deliveries_total - on (instance) (webhook_deliveries_total{instance=~",
        "panel-returns-data",
    ),
    "a variable without values": (
        "label_values(webhook_deliveries_total, instance)",
        'label_values(webhook_deliveries_total{outcome=\\"lost\\"}, instance)',
        "variable-returns-values",
    ),
}


def broken(old: str, new: str) -> Dashboard:
    """Return the sandbox's dashboard with each mistake in it, in a file of its own."""
    text = FILE.read_text()
    assert old in text
    return parse_dashboard(text.replace(old, new).encode(), f"{new}.json")


def exercised(monitoring: Monitoring, exporter: Exporter, dashboards: list[Dashboard]) -> list[Finding]:
    """Acknowledge in good traffic, process only in a fault, ask every query, and judge."""

    def shown(query: str) -> bool:
        return bool(monitoring.prometheus.query(query))

    wait_for(lambda: shown("count_over_time(webhook_inbox_depth[1m]) >= 4"))
    exporter.values |= dict.fromkeys(ACKNOWLEDGED, 5.0)
    wait_for(lambda: shown('count_over_time((webhook_ack_seconds_bucket{le="+Inf"} == 5)[5s:1s]) >= 3'))
    good: Period = (time.time() - 60, time.time())
    exporter.values |= dict.fromkeys(PROCESSED, 5.0)
    wait_for(lambda: shown('count_over_time((webhook_processing_seconds_bucket{le="+Inf"} == 5)[5s:1s]) >= 3'))
    fault = (good[1], time.time())
    answers = ask(
        asked(dashboards), monitoring.prometheus.query_range, good=[good], faults={"slow": fault}, until=time.time()
    )
    text = "".join(f"{series} {value}\n" for series, value in exporter.values.items())
    exposed = Exposed(before=None, after=parse_samples(text, "x"))
    return judge_dashboards(dashboards, exposed, answers)


@pytest.mark.parametrize("mistakes", [{}, MISTAKES], ids=["without mistakes", "with each mistake"])
def test_what_the_dashboard_shows_is_judged(
    watched: Watched, exporter: Exporter, mistakes: dict[str, tuple[str, ...]]
) -> None:
    """A quantile without observations is empty until the fault, and each mistake is one fault."""
    exporter.values |= QUIET
    dashboards = [broken(old, new) for old, new, _ in mistakes.values()] or [
        parse_dashboard(FILE.read_bytes(), "d.json")
    ]
    with watched() as monitoring:
        findings = exercised(monitoring, exporter, dashboards)
    failed = {(f.observed.partition(".json:")[0], f.check) for f in findings if f.outcome is Outcome.FAIL}
    assert failed == {(new, check) for _, new, check in mistakes.values()}
    if not mistakes:
        assert [f.observed for f in findings if f.outcome is not Outcome.PASS] == []
        data = next(f.observed for f in findings if f.check == "panel-returns-data")
        assert data.startswith("d.json: 14 queries with data; 2 of them in a fault only\n")
        assert data.count("empty in good traffic, moved by slow") == 2
