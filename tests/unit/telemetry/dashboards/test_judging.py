"""Each fault of a dashboard is one finding with its place; what cannot be known is never a pass and never a fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from harness.model import Finding, Outcome
from harness.telemetry.dashboards.dashboard import Dashboard
from harness.telemetry.dashboards.dashboard_checks import CHECKS
from harness.telemetry.dashboards.dashboard_reader import parse_dashboard
from harness.telemetry.dashboards.judging import judge_dashboards
from harness.telemetry.dashboards.panel_answers import PanelAnswer
from harness.telemetry.dashboards.panel_queries import MAX_QUERIES, panel_queries
from harness.telemetry.metrics import Exposed, parse_samples
from harness.telemetry.promql import parse
from harness.telemetry.rules.rule_file import Rule

PROMETHEUS = {"type": "prometheus", "uid": "p"}
METRICS = """
webhook_deliveries_total{outcome="accepted"} 3
webhook_deliveries_total{outcome="rejected"} 1
webhook_duration_seconds_bucket{path="/a",le="0.1"} 1
webhook_duration_seconds_bucket{path="/a",le="+Inf"} 2
webhook_inbox_depth 0
process_cpu_seconds_total 1
"""
EXPOSED = Exposed(before=None, after=parse_samples(METRICS, "x"))
DATA = PanelAnswer(series=1, good=1)


def panel(expr: str, legend: str = "", **more: Any) -> dict[str, Any]:
    target = {"refId": "A", "expr": expr, "legendFormat": legend}
    return {"title": "T", "datasource": PROMETHEUS, "targets": [target]} | more


def board(*panels: dict[str, Any], variables: tuple[dict[str, Any], ...] = ()) -> Dashboard:
    document = {"panels": panels, "templating": {"list": variables}}
    return parse_dashboard(json.dumps(document, indent=1).encode(), "d.json")


def variable(query: str, **more: Any) -> dict[str, Any]:
    return {"name": "v", "type": "query", "datasource": PROMETHEUS, "query": query} | more


def judge(
    dashboard: Dashboard,
    answers: Mapping[str, PanelAnswer] | PanelAnswer | None = DATA,
    exposed: Exposed | None = EXPOSED,
    **more: Any,
) -> list[Finding]:
    """Judge one dashboard; one answer is that to all of its queries."""
    if isinstance(answers, PanelAnswer):
        answers = {query.key: answers for query in panel_queries(dashboard)}
    return judge_dashboards([dashboard], exposed, answers, **more)


def outcomes(findings: list[Finding], outcome: Outcome) -> dict[str, str]:
    return {f.check: f.observed for f in findings if f.outcome is outcome}


def test_a_dashboard_without_a_fault_passes_every_check() -> None:
    """One finding of each check, with the figures."""
    good = board(
        panel('sum by (outcome) (rate(webhook_deliveries_total{instance=~"$v"}[$__rate_interval]))', "{{outcome}}"),
        panel("histogram_quantile(0.9, sum by (le) (rate(webhook_duration_seconds_bucket[5m])))", "p90"),
        variables=(variable("label_values(webhook_deliveries_total, instance)"),),
    )
    findings = judge(good)
    assert {f.check for f in findings} == {check.id for check in CHECKS}
    assert {f.outcome for f in findings} == {Outcome.PASS}
    assert outcomes(findings, Outcome.PASS)["panel-returns-data"] == "d.json: 2 queries with data"


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "syntax": (panel("sum(webhook_inbox_depth"), "panel-parses", "panel 'T' (A): "),
    "misspelt": (
        panel("sum(webhook_inbox_dept)"),
        "panel-names-series",
        "no series has the name webhook_inbox_dept. Did you mean 'webhook_inbox_depth'?",
    ),
    "removed": (panel("webhook_retries_total"), "panel-names-series", "no series has the name webhook_retries_total"),
    "misspelt value": (
        panel('webhook_deliveries_total{outcome="rejectd"}'),
        "panel-names-series",
        "no sample of webhook_deliveries_total has outcome=\"rejectd\". Did you mean 'rejected'?",
    ),
    "label of by": (
        panel("sum by (outcom) (webhook_deliveries_total)"),
        "panel-labels-exist",
        "by (outcom): the series have no label 'outcom', only outcome",
    ),
    "label of a matcher": (
        panel('webhook_deliveries_total{result="accepted"}'),
        "panel-labels-exist",
        "webhook_deliveries_total{result=\"accepted\"}: the series have no label 'result', only outcome",
    ),
    "label of a matcher with a variable": (
        panel('webhook_deliveries_total{result=~"$v"}'),
        "panel-labels-exist",
        "the series have no label 'result', only outcome",
    ),
    "legend": (
        panel("sum(webhook_deliveries_total)", "{{ outcome }}"),
        "legend-names-labels",
        "legend {{outcome}}: the result has no label 'outcome'",
    ),
    "aggregation without le": (
        panel("histogram_quantile(0.9, sum by (path) (rate(webhook_duration_seconds_bucket[5m])))"),
        "panel-has-le",
        "no le in sum by (path) (rate(webhook_duration_seconds_bucket[5m]))",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_each_fault_is_one_finding_with_file_and_line(case: str) -> None:
    """And nothing else of the panel is called a fault because of it."""
    shown, check, observed = FAULTS[case]
    dashboard = board(shown, variables=(variable("label_values(webhook_deliveries_total, outcome)"),))
    found = [f for f in judge(dashboard) if f.outcome is Outcome.FAIL]
    assert [f.check for f in found] == [check]
    assert found[0].observed.startswith("d.json:12: panel 'T' (A): ")
    assert observed in found[0].observed
    assert found[0].observed in found[0].summary


NO_FAULTS = [
    "up",
    "ALERTS{alertstate='firing'}",
    "container_memory_rss",
    "container_cpu_usage_seconds_total",
    "job:errors:rate5m",
    "sum by (pod, namespace) (webhook_inbox_depth)",
    'webhook_deliveries_total{outcome!="other", extra=""}',
    "{__name__=~'webhook_.*'}",
    "absent(webhook_inbox_depth)",
    "avg by (outcome) (sum(webhook_deliveries_total))",
    "max(webhook_deliveries_total) / on (outcome) max(webhook_deliveries_total)",
    "webhook_inbox_depth offset 1d",
    "vector(1)",
    "time() - webhook_inbox_depth",
]


@pytest.mark.parametrize("expr", NO_FAULTS)
def test_what_is_legal_and_common_is_no_fault(expr: str) -> None:
    """Series of Prometheus and of other exporters, recorded ones, labels of the scrape, an empty result."""
    findings = judge(board(panel(expr)), PanelAnswer())
    assert outcomes(findings, Outcome.FAIL) == {}
    assert "panel-returns-data" not in outcomes(findings, Outcome.PASS)


def test_names_of_recording_rules_exist() -> None:
    """And one that resembles them is misspelt."""
    rules = [Rule(file="r.yml", line=1, group="g", record="webhook:errors:rate5m", expr="1", query=parse("vector(1)"))]
    assert not outcomes(judge(board(panel("webhook:errors:rate5m")), rules=rules), Outcome.FAIL)
    wrong = outcomes(judge(board(panel("webhook:error:rate5m")), rules=rules), Outcome.FAIL)
    assert "Did you mean 'webhook:errors:rate5m'?" in wrong["panel-names-series"]


def test_a_panel_that_only_a_fault_fills_passes_and_says_so() -> None:
    """It is empty in good traffic because nothing failed."""
    moved = PanelAnswer(series=1, moved_by=("forged", "stale"))
    passed = outcomes(judge(board(panel("webhook_inbox_depth > 5")), moved), Outcome.PASS)["panel-returns-data"]
    assert passed.splitlines() == [
        "d.json: 1 query with data; 1 of them in a fault only",
        "d.json:12: panel 'T' (A): empty in good traffic, moved by forged, stale",
    ]


EMPTY = {
    "webhook_inbox_depth > 5": "no caused fault moves it",
    'webhook_deliveries_total{outcome="expired"}': "no caused fault moves it",
    "container_memory_rss": "it reads container_memory_rss, which the target does not expose",
    "webhook_inbox_depth offset 1d": "it reads data of 86400 s before, which an exercise does not have",
    'webhook_inbox_depth{namespace="prod"}': "it selects by the label 'namespace', which the harness's own scrape",
    'webhook_inbox_depth{job="mine"}': "it selects by the label 'job', which the harness's own scrape does not add",
}


@pytest.mark.parametrize("expr, why", EMPTY.items())
def test_a_panel_that_nothing_moves_is_not_checked(expr: str, why: str) -> None:
    """It is neither a pass nor a fault, and the reason is given."""
    findings = judge(board(panel(expr)), PanelAnswer())
    assert why in outcomes(findings, Outcome.NOT_RUN)["panel-returns-data"]
    assert outcomes(findings, Outcome.FAIL) == {}


def test_a_label_of_the_scrape_that_is_configured_is_no_excuse() -> None:
    """The harness scrapes with it, so the panel could have shown data."""
    shown = board(panel('webhook_inbox_depth{job="mine"} > 5'))
    empty = outcomes(judge(shown, PanelAnswer(), labels={"job": "mine"}), Outcome.NOT_RUN)
    assert "no caused fault moves it" in empty["panel-returns-data"]


def test_a_query_that_cannot_be_evaluated_fails() -> None:
    """Vectors that do not match one to one parse, and only Prometheus refuses them."""
    dashboard = board(panel("webhook_inbox_depth / webhook_deliveries_total"))
    failed = outcomes(judge(dashboard, PanelAnswer(error="many-to-many matching not allowed")), Outcome.FAIL)
    assert failed["panel-returns-data"].endswith("webhook_deliveries_total: many-to-many matching not allowed")


def test_a_prometheus_that_is_too_old_for_a_query_proves_nothing() -> None:
    """The query was parsed, so it is that of a newer version."""
    error = PanelAnswer(error='1:1: parse error: unknown function with name "limitk"')
    findings = judge(board(panel("limitk(1, webhook_inbox_depth)")), error)
    assert "this Prometheus is too old for it" in outcomes(findings, Outcome.NOT_RUN)["panel-returns-data"]
    assert outcomes(findings, Outcome.FAIL) == {}


def test_a_variable_without_values_fails() -> None:
    """Every panel that uses it is empty then."""
    query = 'label_values(webhook_deliveries_total{outcome="expired"}, outcome)'
    failed = outcomes(judge(board(variables=(variable(query),)), PanelAnswer()), Outcome.FAIL)
    assert list(failed) == ["variable-returns-values"]
    assert failed["variable-returns-values"].endswith(f"variable 'v': {query} has no value")


def test_a_regular_expression_that_hides_all_values_is_not_checked() -> None:
    """It may be one for the names of production."""
    answered = PanelAnswer(series=2, good=2, values=("accepted", "rejected"))
    shown = variable("label_values(webhook_deliveries_total, outcome)", regex="/^lost/")
    findings = judge(board(variables=(shown,)), answered)
    assert outcomes(findings, Outcome.FAIL) == {}
    hidden = "variable 'v': its regular expression /^lost/ matches none of accepted, rejected"
    assert hidden in outcomes(findings, Outcome.NOT_RUN)["variable-returns-values"]


@pytest.mark.parametrize("regex", ["", "/rej/", "/REJ/i", "rej.*", "/(?<a>x)(/", "/(?<name>acc.*)/", "/^(a+)+$/"])
def test_a_regular_expression_that_lets_a_value_through_passes(regex: str) -> None:
    """Also one that only JavaScript understands."""
    answered = PanelAnswer(series=2, good=2, values=("accepted", "rejected"))
    shown = variable("label_values(webhook_deliveries_total, outcome)", regex=regex)
    assert "variable-returns-values" in outcomes(judge(board(variables=(shown,)), answered), Outcome.PASS)


def test_a_variable_of_another_exporters_series_is_not_judged() -> None:
    """Nor is one of a label that only the team's scrape adds."""
    for query in ("label_values(kube_pod_info, namespace)", "label_values(webhook_inbox_depth, namespace)"):
        findings = judge(board(variables=(variable(query),)), PanelAnswer())
        assert outcomes(findings, Outcome.FAIL) == {}
        assert "variable-returns-values" in outcomes(findings, Outcome.NOT_RUN)


def test_labels_of_the_scrape_that_are_configured_exist() -> None:
    """A label in [telemetry.alerts] labels is on every series of the exercise."""
    shown = board(panel('webhook_inbox_depth{tenant="a"}'))
    assert outcomes(judge(shown), Outcome.FAIL)
    assert not outcomes(judge(shown, labels={"tenant": "a"}), Outcome.FAIL)
    contradicted = outcomes(judge(shown, labels={"tenant": "b"}), Outcome.FAIL)
    assert 'no series of webhook_inbox_depth has tenant="a"' in contradicted["panel-names-series"]


def test_without_metrics_and_prometheus_nothing_passes_that_needs_them() -> None:
    """What the text alone shows is still judged."""
    findings = judge(board(panel("sum(x)", "{{a}}"), variables=(variable("label_values(x, a)"),)), None, None)
    assert outcomes(findings, Outcome.NOT_RUN) == {
        "panel-names-series": "d.json: the metrics of the target were not read",
        "panel-returns-data": "d.json: no Prometheus was asked",
        "variable-returns-values": "d.json: no Prometheus was asked",
    }
    assert list(outcomes(findings, Outcome.FAIL)) == ["legend-names-labels"]
    why = outcomes(judge(board(panel("up")), None, unasked="prometheus is not installed"), Outcome.NOT_RUN)
    assert why == {"panel-returns-data": "d.json: prometheus is not installed"}


def test_a_query_without_an_answer_is_not_checked() -> None:
    """The exercise ended before it was asked."""
    findings = judge(board(panel("webhook_inbox_depth")), {})
    assert "it was not asked" in outcomes(findings, Outcome.NOT_RUN)["panel-returns-data"]


def test_other_sources_and_library_panels_are_listed_by_name_once() -> None:
    """One finding for each dashboard, which is not applicable: nothing there is asked of a Prometheus."""
    shown = board(
        panel('{app="a"}', datasource={"type": "loki", "uid": "l"}),
        panel('{app="b"}', datasource={"type": "loki", "uid": "l"}),
        {"title": "L", "libraryPanel": {"uid": "u", "name": "Requests"}},
        variables=(variable("label_values(app)", datasource={"type": "loki", "uid": "l"}),),
    )
    assert outcomes(judge(shown), Outcome.NOT_APPLICABLE) == {
        "dashboard-is-covered": "d.json: library panel 'Requests'; 3 queries to loki"
    }


def test_what_nobody_can_judge_is_listed_by_name_once() -> None:
    """A name that a variable gives, series of other exporters, another language."""
    queries = (panel("$v"), panel("node_load1"), panel("x default 0"))
    findings = judge(board(*queries, variables=(variable("metrics(x)"),)))
    assert outcomes(findings, Outcome.NOT_RUN)["dashboard-is-covered"].splitlines() == [
        "d.json: 3 without judgement",
        "d.json:12: panel 'T' (A): what it reads depends on the variable $v",
        "d.json:40: panel 'T' (A): it is MetricsQL, of VictoriaMetrics",
        "series of another exporter: node_load1",
    ]


def test_a_file_that_is_no_dashboard_fails_with_its_line() -> None:
    """And no dashboard at all fails too."""
    broken = parse_dashboard(b'{\n"panels": [}', "d.json")
    assert outcomes(judge(broken), Outcome.FAIL) == {
        "is-readable": "d.json:2: it is not JSON: Expecting value (column 12)"
    }
    none = judge_dashboards([], EXPOSED, {})
    assert outcomes(none, Outcome.FAIL) == {"is-readable": "no file matches [telemetry] dashboards"}


def test_the_cases_of_a_run_are_distinct() -> None:
    """So that each fault is counted, also where several have one line."""
    findings = judge(board(panel("sum(x"), panel("sum(x"), panel("webhook_inbox_dept")))
    assert len({f.case for f in findings}) == len(findings)


def test_a_dashboard_with_thousands_of_faults_gives_a_hundred_findings() -> None:
    """And one more that counts the rest; lists within findings are as long at most."""
    many = board(*[panel("sum(x")] * 300, *[panel("$w")] * 300)
    findings = judge(many)
    failed = [f.observed for f in findings if f.outcome is Outcome.FAIL]
    assert (len(failed), failed[-1]) == (101, "d.json: and 200 queries more")
    assert outcomes(findings, Outcome.NOT_RUN)["dashboard-is-covered"].splitlines()[-1] == "and 200 more"


def test_a_query_of_any_length_is_read_in_time() -> None:
    """What is too long for a query is not read at all."""
    huge = board(panel("$a " * 300_000), panel("{{a}}" * 200_000), panel("up", "$a{{b}}" * 100_000))
    listed = outcomes(judge(huge), Outcome.NOT_RUN)["dashboard-is-covered"]
    assert listed.count("it has more than 20,000 characters") == 2


def test_of_a_dashboard_with_thousands_of_queries_only_the_first_are_read() -> None:
    """The others are listed as not checked."""
    queries = panel_queries(board(*[panel("up")] * (MAX_QUERIES + 2)))
    assert [query.not_checked for query in queries[-3:]] == ["", *["the dashboard has more than 2,000 queries"] * 2]
