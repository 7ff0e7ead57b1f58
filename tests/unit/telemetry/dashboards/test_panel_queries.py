"""The queries of a dashboard are parsed without their variables; what cannot be judged has a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.telemetry.dashboards.dashboard import Dashboard
from harness.telemetry.dashboards.dashboard_figures import dashboard_figures
from harness.telemetry.dashboards.dashboard_reader import parse_dashboard
from harness.telemetry.dashboards.panel_queries import asked, panel_queries

PROMETHEUS = {"type": "prometheus", "uid": "p"}
VARIABLES = [
    {"name": "ns", "type": "query", "datasource": PROMETHEUS, "query": {"query": "label_values(up, namespace)"}},
    {"name": "metric", "type": "query", "datasource": PROMETHEUS, "query": "metrics(http_.*)"},
    {"name": "n", "type": "query", "datasource": PROMETHEUS, "query": "query_result(max(up))"},
    {"name": "app", "type": "query", "datasource": {"type": "loki", "uid": "l"}, "query": "label_values(app)"},
]


def dashboard(*exprs: str, source: object = PROMETHEUS, **more: Any) -> Dashboard:
    targets = [{"refId": "A", "expr": expr} for expr in exprs]
    document = {"panels": [{"title": "T", "datasource": source, "targets": targets}]} | more
    return parse_dashboard(json.dumps(document, indent=1).encode(), "d.json")


def test_queries_have_their_place_and_a_key_of_their_own() -> None:
    """The key is the same in every run, and the place is the line of the expression."""
    found = panel_queries(dashboard('up{a="$ns"}', "down", templating={"list": VARIABLES}))
    assert [query.key for query in found] == [f"d.json#{number}" for number in range(1, 6)]
    assert [query.kind for query in found] == ["panel", "panel", "variable", "variable", "variable"]
    assert [query.where for query in found[:2]] == ["d.json:12", "d.json:16"]
    assert [query.title for query in found[1:3]] == ["panel 'T' (A)", "variable 'ns'"]
    assert (found[0].expr, found[2].expr, found[2].label) == (
        'up{a=~".*"}',
        'count by (namespace) (up{namespace!=""})',
        "namespace",
    )


def test_a_query_that_is_not_promql_has_its_error() -> None:
    """The parser's reason, on one line."""
    wrong = panel_queries(dashboard("sum(rate(x[5m])"))[0]
    assert "\n" not in wrong.error
    assert wrong.error
    assert not asked([dashboard("sum(rate(x[5m])")])


NOT_CHECKED = {
    "x[$undefined]": "the dashboard does not define the variable $undefined",
    "x[5m] $metric y": "no value is known of the variable $metric",
    '{a=~"$ns"}': "no value is known of the variables that it uses",
    "rate(x[5m + 1m])": "only Prometheus 3 understands it: an expression as a duration",
    "x default 0": "it is MetricsQL, of VictoriaMetrics",
    "rate(x[5m]) keep_metric_names": "it is MetricsQL, of VictoriaMetrics",
    "WITH (a = x) a + a": "it is MetricsQL, of VictoriaMetrics",
    "median_over_time(x[5m])": "it is MetricsQL, of VictoriaMetrics",
    "label_set(x, 'a', 'b')": "it is MetricsQL, of VictoriaMetrics",
    "histogram_quantile(0.9, sum by (vmrange) (rate(x_bucket[5m])))": "it is MetricsQL, of VictoriaMetrics",
    "rate(x[1.5h])": "it is MetricsQL, of VictoriaMetrics",
    'x{a=~"(?C1)"}': "its regular expression may be one of RE2",
    "+".join(["x"] * 500): "it has more than 400 operators and brackets, and is not read",
}


@pytest.mark.parametrize("expr, reason", NOT_CHECKED.items(), ids=range(len(NOT_CHECKED)))
def test_what_another_engine_or_version_may_accept_is_not_called_wrong(expr: str, reason: str) -> None:
    """Prometheus 3, VictoriaMetrics, RE2, and values that only a running Grafana knows."""
    found = panel_queries(dashboard(expr, templating={"list": VARIABLES}))[0]
    assert found.error == ""
    assert found.not_checked.startswith(reason)


def test_in_a_dashboard_for_victoriametrics_nothing_is_called_wrong() -> None:
    """Its language allows much that Prometheus refuses, such as a rate without a range."""
    alone, beside = dashboard("rate(x)"), dashboard("rate(x)", "x default 0", "up")
    assert panel_queries(alone)[0].error
    found = panel_queries(beside)
    assert [query.error for query in found] == ["", "", ""]
    assert found[0].not_checked.startswith("other queries of this dashboard are MetricsQL, and it is not PromQL: ")
    assert found[2].is_parsed


FAULTS = ["sum(x", "rate(x)", 'x{a="b}', "sum by x (y)", "foo(x)", 'x{a=~"(?=b)"}', '{a=~".*"}', "avg_over_tme(x[5m])"]
FAULTS += [f"{function}(0.9, sum(x)" for function in ("histogram_quantile", "histogram_fraction", "histogram_avg")]
"""Functions of PromQL whose names begin as some of MetricsQL do."""


@pytest.mark.parametrize("expr", FAULTS)
def test_what_no_version_accepts_is_an_error(expr: str) -> None:
    """Nothing of the language of another engine hides it."""
    found = panel_queries(dashboard(expr))[0]
    assert (bool(found.error), found.not_checked) == (True, "")


NOT_ASKED = {
    "$metric": "what it reads depends on the variable $metric",
    "topk($n, x)": "what it reads depends on the variable $n",
    '{"$metric"}': "what it reads depends on a variable",
    '{__name__=~"$metric", a="b"}': "what it reads depends on the variable $metric",
    'x{a="$undefined"}': "the dashboard does not define the variable $undefined",
    "time() - $__from / 1000": "it reads the time range that is shown",
}


@pytest.mark.parametrize("expr, reason", NOT_ASKED.items())
def test_a_query_whose_answer_would_show_nothing_is_parsed_only(expr: str, reason: str) -> None:
    """It is not asked, and the reason is reported."""
    found = panel_queries(dashboard(expr, templating={"list": VARIABLES}))[0]
    assert (found.is_parsed, found.not_asked) == (True, reason)


def test_a_source_that_is_only_assumed_to_be_a_prometheus_gives_no_error() -> None:
    """The query may be right in the language of another data source."""
    found = panel_queries(dashboard("SELECT 1", source="Warehouse"))[0]
    assert found.not_checked.startswith("the file does not state the type of its data source, and it is not PromQL: ")


def test_figures_count_what_was_found() -> None:
    """Every query is counted once: by its data source, and as parsed, wrong or not checked."""
    boards = [
        dashboard("up", "$metric", "sum(x", "", templating={"list": VARIABLES}),
        dashboard("x default 0"),
        dashboard('{app="a"}', source={"type": "loki", "uid": "l"}),
        parse_dashboard(b"", "e.json"),
        parse_dashboard(b'{"panels": [{"libraryPanel": {"uid": "u"}}]}', "l.json"),
    ]
    figures = dashboard_figures(boards)
    assert (figures.dashboards, figures.unreadable, figures.panels, figures.library_panels) == (5, 1, 4, 1)
    assert figures.targets == {"prometheus": 5, "loki": 1}
    assert (figures.variables, figures.without_query) == (3, 1)
    assert (figures.parsed, figures.asked, figures.errors) == (5, 4, 1)
    assert figures.not_checked == {"it is MetricsQL, of VictoriaMetrics": 1}
    assert figures.not_asked == {"what it reads depends on the variable $metric": 1}
