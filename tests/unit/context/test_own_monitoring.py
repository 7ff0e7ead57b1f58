"""The team's own Prometheus and Alertmanager, as harness.toml names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from harness.context.monitoring_checks import judge_alerts
from harness.context.own_monitoring import judge_own_monitoring
from harness.context.run_context import RunContext
from harness.errors import SecretError
from harness.model import Outcome
from harness.process.run import Run
from harness.telemetry.exercise.evidence import ExerciseEvidence

TOML = """
[target]
name = "Tiny"
environment = "{environment}"
[telemetry]
metrics = "http://app.example:9100/metrics"
[telemetry.alerts]
prometheus = "{url}"
token = "env:MONITORING_TOKEN"
fires = {{ Forged = "forged" }}
{more}
"""
RULE = {"name": "Forged", "type": "alerting", "query": "refusals_total > 0", "health": "ok"}
TARGET = {
    "labels": {"job": "app", "instance": "app.example:9100"}, "scrapeUrl": "http://app.example:9100/metrics",
    "health": "up",
}  # fmt: skip
ANSWERS: dict[str, Any] = {
    "/api/v1/rules": {"groups": [{"name": "g", "file": "f", "rules": [RULE]}]},
    "/api/v1/targets": {"activeTargets": [TARGET]},
    "/api/v1/alertmanagers": {"activeAlertmanagers": [{"url": "http://am:9093/api/v2/alerts"}]},
    "/api/v1/status/buildinfo": {"version": "2.42.0"},
    "/api/v1/query": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1"]}]},
}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORING_TOKEN", "t0k3n-of-the-team")


def context(folder: Path, url: str, more: str = "", environment: str = "staging") -> RunContext:
    (folder / "harness.toml").write_text(TOML.format(url=url, more=more, environment=environment))
    run = Run(run_id="r", seed="s", directory=str(folder))
    return RunContext.load(folder, run=run, overlay=None, reports=folder / "reports")


def answer(httpserver: HTTPServer) -> None:
    """Answer as a Prometheus behind the token."""
    for path, data in ANSWERS.items():
        httpserver.expect_request(path, headers={"authorization": "Bearer t0k3n-of-the-team"}).respond_with_json(
            {"status": "success", "data": data}
        )


def test_the_teams_prometheus_is_read_with_its_token(tmp_path: Path, httpserver: HTTPServer) -> None:
    """The target is found by the instance of the metrics' URL; without labels no test alert is sent."""
    answer(httpserver)

    found = {f.case: f for f in judge_own_monitoring(context(tmp_path, httpserver.url_for("/")))}

    passed = {case for case, finding in found.items() if finding.outcome is Outcome.PASS}
    assert passed == {"own-target-scraped", "own-alerts-sent", "own-rule-healthy-Forged", "own-series-exist-Forged"}
    assert found["own-test-alert-notified"].observed == (
        "harness.toml does not set [telemetry.alerts] alertmanager, so no test alert was sent"
    )
    assert found["resolves-Forged"].outcome is Outcome.NOT_RUN


def test_a_server_of_rules_alone_is_judged_by_its_rules(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Mimir has no targets and no list of Alertmanagers: both are errors, and the rules are judged all the same."""
    for path in ("/api/v1/targets", "/api/v1/alertmanagers"):
        httpserver.expect_request(path).respond_with_data("404 page not found", status=404)
    answer(httpserver)

    found = {f.case: f for f in judge_own_monitoring(context(tmp_path, httpserver.url_for("/")))}

    assert {case for case, f in found.items() if f.outcome is Outcome.ERROR} == {
        "own-target-scraped",
        "own-alerts-sent",
    }
    assert "has no /api/v1/targets (HTTP 404)" in found["own-target-scraped"].observed
    assert found["own-rule-healthy-Forged"].outcome is Outcome.PASS


def test_without_rule_files_only_the_teams_own_servers_are_judged(tmp_path: Path, httpserver: HTTPServer) -> None:
    """That the harness started no Prometheus of its own is no error then; with rule files beside it both are judged."""
    answer(httpserver)
    evidence = ExerciseEvidence(unwatched="harness.toml does not set [telemetry.alerts] rules")
    url = httpserver.url_for("/")

    alone = list(judge_alerts(context(tmp_path, url), evidence))
    beside = list(judge_alerts(context(tmp_path, url, 'rules = ["rules.yml"]'), ExerciseEvidence(trouble="broken")))

    assert {f.outcome for f in alone} == {Outcome.PASS, Outcome.NOT_RUN}
    assert [f.observed for f in beside if f.outcome is Outcome.ERROR] == ["broken"]


NONE_SENT = {
    "no labels": ('alertmanager = "{url}"', "staging", "does not set [telemetry.alerts] synthetic"),
    "production": (
        'alertmanager = "{url}"\nsynthetic = {{ severity = "none" }}', "production", "where no test alert is sent"
    ),
}  # fmt: skip


@pytest.mark.parametrize("more, environment, reason", NONE_SENT.values(), ids=NONE_SENT.keys())
def test_no_alert_is_sent_unasked_or_in_production(
    more: str, environment: str, reason: str, tmp_path: Path, httpserver: HTTPServer
) -> None:
    """The finding is `not_run`, with the reason, and Alertmanager got no request."""
    answer(httpserver)
    url = httpserver.url_for("/")

    [*_, last] = judge_own_monitoring(context(tmp_path, url, more.format(url=url), environment))

    assert (last.case, last.outcome) == ("own-test-alert-notified", Outcome.NOT_RUN)
    assert reason in last.observed
    assert not [request for request, _ in httpserver.log if request.path.startswith("/api/v2")]


def test_a_job_of_the_scrape_configuration_finds_the_target(tmp_path: Path, httpserver: HTTPServer) -> None:
    """A job that Prometheus does not scrape is a failure that names it."""
    answer(httpserver)

    first, *_ = judge_own_monitoring(context(tmp_path, httpserver.url_for("/"), 'labels = { job = "other" }'))

    assert (first.outcome, first.observed) == (Outcome.FAIL, "it scrapes no target with job='other'")


def test_a_token_that_is_not_set_is_named(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the key, as for every secret."""
    monkeypatch.delenv("MONITORING_TOKEN")

    with pytest.raises(SecretError, match="MONITORING_TOKEN"):
        list(judge_own_monitoring(context(tmp_path, httpserver.url_for("/"))))
