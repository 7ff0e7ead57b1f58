"""Every form of a dashboard's file gives the same panels, queries, variables and annotations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.telemetry.dashboards.dashboard import Dashboard, DataSource
from harness.telemetry.dashboards.dashboard_reader import parse_dashboard, read_dashboards

PROMETHEUS = {"type": "prometheus", "uid": "p"}


def panel(expr: str = "up", **more: Any) -> dict[str, Any]:
    return {"title": "T", "datasource": PROMETHEUS, "targets": [{"refId": "A", "expr": expr}]} | more


def read(document: object) -> Dashboard:
    return parse_dashboard(json.dumps(document, indent=1).encode(), "d.json")


def queries(dashboard: Dashboard) -> list[str]:
    return [target.expr for shown in dashboard.panels for target in shown.targets]


V2 = {
    "title": "D",
    "elements": {
        "a": {
            "kind": "Panel",
            "spec": {
                "title": "T",
                "data": {
                    "kind": "QueryGroup",
                    "spec": {
                        "queries": [
                            {
                                "kind": "PanelQuery",
                                "spec": {
                                    "refId": "A",
                                    "hidden": False,
                                    "query": {
                                        "kind": "DataQuery",
                                        "group": "prometheus",
                                        "datasource": {"name": "p"},
                                        "spec": {"expr": "up"},
                                    },
                                },
                            }
                        ]
                    },
                },
            },
        }
    },
    "layout": {"kind": "GridLayout", "spec": {"items": []}},
}
V2_ALPHA = json.loads(json.dumps(V2))
V2_ALPHA["elements"]["a"]["spec"]["data"]["spec"]["queries"][0]["spec"] = {
    "refId": "A",
    "datasource": {"type": "prometheus", "uid": "p"},
    "query": {"kind": "prometheus", "spec": {"expr": "up"}},
}
FORMS = {
    "panels": {"title": "D", "panels": [panel()]},
    "old rows": {"title": "D", "rows": [{"title": "R", "panels": [panel()]}]},
    "collapsed row": {"title": "D", "panels": [{"type": "row", "collapsed": True, "panels": [panel()]}]},
    "open row": {"title": "D", "panels": [{"type": "row", "panels": []}, panel()]},
    "envelope of the API": {"dashboard": {"title": "D", "panels": [panel()]}, "meta": {"isStarred": False}},
    "Kubernetes object": {"apiVersion": "v1beta1", "kind": "Dashboard", "spec": {"title": "D", "panels": [panel()]}},
    "schema v2": V2,
    "schema v2alpha1": V2_ALPHA,
    "schema v2 as Kubernetes object": {"apiVersion": "v2", "kind": "Dashboard", "spec": V2},
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_same_panel(form: str) -> None:
    """Old rows, collapsed rows, envelopes and both schemas are read alike."""
    dashboard = read(FORMS[form])
    assert (dashboard.title, [shown.title for shown in dashboard.panels], dashboard.problem) == ("D", ["T"], "")
    assert [(t.ref_id, t.expr, t.source.type) for t in dashboard.panels[0].targets] == [("A", "up", "prometheus")]
    assert dashboard.panels[0].targets[0].line > 1


def test_copies_of_a_repeated_panel_are_not_read_twice() -> None:
    """Grafana stored the copies until version 8, and removes them when it loads the dashboard."""
    repeated = panel("up", repeat="job")
    assert queries(read({"panels": [repeated, panel("up", repeatPanelId=1, scopedVars={})]})) == ["up"]


def test_a_library_panel_is_read_where_the_file_contains_it() -> None:
    """An export for sharing has the panel in ``__elements``; without it, only its name is known."""
    shown = {"title": "T", "libraryPanel": {"uid": "u", "name": "Requests"}}
    assert read({"panels": [shown]}).panels[0].library == "Requests"
    contained = read({"panels": [shown], "__elements": {"u": {"uid": "u", "model": panel("up")}}})
    assert (queries(contained), contained.panels[0].library) == (["up"], "")
    as_list = read({"panels": [shown], "__elements": [{"uid": "u", "model": panel("up")}]})
    assert queries(as_list) == ["up"]


SOURCES: dict[str, tuple[Any, Any, DataSource]] = {
    "a reference": (PROMETHEUS, None, DataSource("prometheus", "p")),
    "a variable": ("$source", None, DataSource("loki", "$source")),
    "a variable in a reference": ({"type": "prometheus", "uid": "${source}"}, None, DataSource("loki", "${source}")),
    "an input of an export": ("${DS_X}", None, DataSource("influxdb", "${DS_X}")),
    "mixed": ("-- Mixed --", {"type": "loki", "uid": "l"}, DataSource("loki", "l")),
    "mixed as a reference": ({"type": "datasource", "uid": "-- Mixed --"}, PROMETHEUS, DataSource("prometheus", "p")),
    "the panel overrides": (PROMETHEUS, {"type": "loki", "uid": "l"}, DataSource("prometheus", "p")),
    "an expression": (PROMETHEUS, {"type": "__expr__", "uid": "__expr__"}, DataSource("__expr__")),
    "the default": (None, None, DataSource("prometheus", "", assumed=True)),
    "the default by name": ("default", None, DataSource("prometheus", "", assumed=True)),
    "only a name": ("Metrics", None, DataSource("prometheus", "Metrics", assumed=True)),
    "a name that tells": ("Prometheus EU", None, DataSource("prometheus", "Prometheus EU")),
    "a name of another kind": ("Loki EU", None, DataSource("loki", "Loki EU", assumed=True)),
    "Grafana itself": ({"type": "datasource", "uid": "grafana"}, None, DataSource("grafana")),
}


@pytest.mark.parametrize("case", SOURCES)
def test_the_data_source_of_a_query(case: str) -> None:
    """It is found through variables, inputs and mixed panels, and assumed only where the file states none."""
    of_panel, of_target, expected = SOURCES[case]
    target = {"expr": "up", "datasource": of_target}
    document = {
        "__inputs": [{"name": "DS_X", "type": "datasource", "pluginId": "influxdb"}],
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "loki"}]},
        "panels": [{"datasource": of_panel, "targets": [target]}],
    }
    assert read(document).panels[0].targets[0].source == expected


def test_a_language_of_logs_is_not_taken_for_promql() -> None:
    """Where the data source is not named, a pipe outside texts shows that the query is LogQL."""
    exprs = ['{app="a"} |= "x"', 'rate(x{a=~"b|c"}[5m])']
    found = [read({"panels": [panel(expr, datasource=None)]}).panels[0].targets[0].source.type for expr in exprs]
    assert found == ["loki", "prometheus"]


def test_a_hidden_query_counts_where_an_expression_reads_it() -> None:
    """A hidden query is switched off, except as the input of Grafana's expressions."""
    hidden = {"refId": "A", "expr": "up", "hide": True}
    total = {"refId": "B", "datasource": {"type": "__expr__", "uid": "__expr__"}, "expression": "$A * 2"}
    alone = read({"panels": [panel() | {"targets": [hidden]}]}).panels[0].targets
    read_by = read({"panels": [panel() | {"targets": [hidden, total]}]}).panels[0].targets
    assert (alone[0].hidden, read_by[0].hidden) == (True, False)


VARIABLES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "custom": ({"type": "custom", "query": "a, b\\,c, Text : d"}, ("a", "b,c", "d")),
    "custom with a choice": ({"type": "custom", "query": "a,b", "current": {"value": "b"}}, ("b", "a")),
    "custom in JSON": ({"type": "custom", "query": '[{"text": "A", "value": "a"}]'}, ("a",)),
    "interval": (
        {"type": "interval", "query": "1m,\"5 m\",'1h'", "current": {"value": "$__auto"}},
        ("1m", "5 m", "1h"),
    ),
    "constant": ({"type": "constant", "query": "c"}, ("c",)),
    "text": ({"type": "textbox", "query": "", "current": {"value": "typed"}}, ("typed", "")),
    "switch": ({"type": "switch", "enabledValue": "1", "disabledValue": "0"}, ("1", "0")),
    "all": ({"type": "query", "query": "label_values(up, job)", "current": {"value": ["$__all"]}}, ()),
    "query": ({"type": "query", "query": {"query": "x"}, "current": {"value": ["a"]}}, ("a",)),
    "neither": ({"type": "adhoc"}, ()),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_the_values_that_the_file_gives_a_variable(case: str) -> None:
    """The chosen value comes first; "All" and an automatic interval are no values."""
    written, values = VARIABLES[case]
    document = {"panels": [], "templating": {"list": [{"name": "v"} | written]}}
    assert read(document).variables["v"].values == values


def test_annotations_are_read_with_their_query() -> None:
    """Only those with a query of their own: Grafana's built-in annotations have none."""
    listed = [
        {"name": "Grafana's own", "builtIn": 1, "datasource": "-- Grafana --"},
        {"name": "Deployed", "datasource": PROMETHEUS, "expr": "changes(x[1m])"},
        {"name": "Restarted", "datasource": PROMETHEUS, "target": {"expr": "y"}},
    ]
    found = read({"panels": [], "annotations": {"list": listed}}).annotations
    assert [(a.title, a.targets[0].expr) for a in found] == [("Deployed", "changes(x[1m])"), ("Restarted", "y")]


NOT_DASHBOARDS = {
    "[]": "it is not a dashboard of Grafana, which is a JSON object",
    '{"a": 1}': "it is not a dashboard of Grafana: it has neither panels, rows nor elements",
    '{"dashboard": "x"}': "it is not a dashboard of Grafana: it has neither panels, rows nor elements",
    '{"panels": [}': "it is not JSON: Expecting value (column 13)",
}


@pytest.mark.parametrize("content, problem", NOT_DASHBOARDS.items())
def test_a_file_that_is_no_dashboard_says_why(content: str, problem: str) -> None:
    """The other dashboards are read all the same."""
    assert parse_dashboard(content.encode(), "d.json").problem == problem


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [None, 3, "x", [], {}]])
@pytest.mark.parametrize("key", ["panels", "rows", "templating", "annotations", "elements", "__inputs", "__elements"])
def test_values_of_the_wrong_type_are_passed_over(key: str, value: object) -> None:
    """No shape of JSON ends the run."""
    found = [read({"panels": []} | {key: value}), read({"panels": [], "rows": []} | {key: {"list": value}})]
    assert [dashboard.problem for dashboard in found] == ["", ""]
    wrong = {
        "panels": [{"targets": value, "title": value, "datasource": value, "libraryPanel": value, "panels": value}]
    }
    assert read(wrong).problem == ""
    assert read({"elements": {"a": value, "b": {"kind": "Panel", "spec": value}}}).problem == ""


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """Paths are shown relative to the folder of harness.toml."""
    (tmp_path / "good.json").write_text('{"title": "D", "panels": []}')
    good, missing = read_dashboards([tmp_path / "good.json", tmp_path / "none.json"], tmp_path)
    assert (good.file, good.title) == ("good.json", "D")
    assert (missing.file, missing.problem) == ("none.json", "it cannot be read: No such file or directory")


def test_a_file_of_many_gigabytes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at first, so that it needs no memory."""
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(8 << 30)
    monkeypatch.setattr(
        "harness.telemetry.dashboards.dashboard_reader.read_file", lambda *_: pytest.fail("it was read")
    )

    (found,) = read_dashboards([huge], tmp_path)

    assert found.problem == "it has 8,589,934,592 bytes; at most 4,000,000 are read"
