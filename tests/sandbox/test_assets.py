"""What the integration's people have: alert rules, dashboard and runbooks that speak of what exists."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from harness.model import Outcome
from harness.operations.runbook_page import read_document
from harness.operations.runbooks import judge_runbooks
from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from harness.telemetry.promql import parse
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
DASHBOARDS = sorted((ROOT / "fixtures/dashboards").glob("*.json"))
RUNBOOKS = sorted((ROOT / "fixtures/runbooks").glob("*.md"))
RULES = [
    rule
    for path in sorted((ROOT / "fixtures/alerts").glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
BY_PROMETHEUS = {"up"}


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """The samples that a freshly started integration shows: labels by name."""
    folder = tmp_path_factory.mktemp("integration")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ("integration", "--port", str(port), "--database", str(folder / "integration.db"))
    names = ("PRODUCT_API_KEY", "PRODUCT_WEBHOOK_SECRET")
    process = ManagedProcess(
        "integration",
        command=(sys.executable, "-m", "harness.sandbox", *words),
        ready=UrlAnswers(f"{url}/healthz", _answers),
        ready_within_s=60,
        cwd=ROOT,
        env={
            **{n: os.urandom(16).hex() for n in names},
            "PRODUCT_BASE_URL": "http://127.0.0.1:9",
            "SANDBOX_DEFECTS": "",
        },
        log=folder / "integration.log",
    )
    process.start()
    try:
        text = httpx.get(f"{url}/metrics", trust_env=False).text
    finally:
        process.stop()
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(dict(sample.labels))
    return found


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False


def queries() -> Iterator[Any]:
    """Every expression of the alert rules and of the dashboards' panels, as a test parameter."""
    for rule in RULES:
        yield pytest.param(rule["expr"], id=rule["alert"])
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_asks_for_series_that_exist(query: str, series: dict[str, list[dict[str, str]]]) -> None:
    """It parses as PromQL, and names metrics and label values that are there from the start."""
    plain = re.sub(r"\$__(rate_interval|range|interval)", "5m", query).replace("$instance", ".*")
    found = parse(plain).selectors

    assert found
    for selector in found:
        assert selector.name in series.keys() | BY_PROMETHEUS
        wanted = {m.label: m.value for m in selector.matchers if m.label not in ("instance", "job")}
        if selector.name not in BY_PROMETHEUS:
            assert any(wanted.items() <= labels.items() for labels in series[selector.name])


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r["alert"])
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    """It has a severity, a patience, a summary, and a runbook whose front matter names it."""
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["for"]
    assert rule["annotations"]["summary"]
    runbook = ROOT / rule["annotations"]["runbook_url"]
    assert rule["alert"] in read_document(runbook).front["alerts"]
    assert f"`{rule['alert']}`" in runbook.read_text()


def test_runbooks_name_no_alert_that_does_not_exist() -> None:
    """The other way round: a runbook's alerts are those that point to it."""
    pointing = {
        path: [r["alert"] for r in RULES if ROOT / r["annotations"]["runbook_url"] == path] for path in RUNBOOKS
    }

    assert {path: sorted(read_document(path).front["alerts"]) for path in RUNBOOKS} == {
        path: sorted(alerts) for path, alerts in pointing.items()
    }


def test_runbooks_are_fit() -> None:
    """Both incidents have a runbook without a complaint."""
    reviewed = dt.date(2026, 11, 3)
    found = judge_runbooks(RUNBOOKS, today=reviewed, review_within_s=180 * 86400, root=ROOT)

    assert [(f.item, f.outcome) for f in found] == [("runbook.auth", Outcome.PASS), ("runbook.webhooks", Outcome.PASS)]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda p: p.stem)
def test_a_dashboard_can_be_laid_out(path: Path) -> None:
    """Panels have ids and titles of their own, none lies over another, and each query has its data source."""
    panels = json.loads(path.read_text())["panels"]
    cells = [(x, y) for p in panels for x in _span(p, "x", "w") for y in _span(p, "y", "h")]

    assert len({p["id"] for p in panels}) == len({p["title"] for p in panels}) == len(panels)
    assert len(set(cells)) == len(cells)
    assert all(x < 24 for x, _ in cells)
    assert all(t["datasource"]["uid"] == "${datasource}" for p in panels for t in p.get("targets", ()))


def _span(panel: dict[str, Any], start: str, length: str) -> range:
    at: int = panel["gridPos"][start]
    return range(at, at + panel["gridPos"][length])
