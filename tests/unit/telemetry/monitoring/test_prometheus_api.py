"""What is read of a Prometheus, and in which words it is reported that nothing can be read.

The answers of version 3 have the form of the examples in its own source (prometheus/prometheus,
web/api/v1/openapi_examples.go), and those of the others that of docs/querying/api.md of the version that is named.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pytest_httpserver import HTTPServer

from harness.errors import MonitoringError
from harness.telemetry.monitoring.prometheus_api import PrometheusApi
from tests.unit.conftest import Misbehave, stay_silent

V3_RULES = {
    "groups": [
        {
            "name": "ansible managed alert rules",
            "file": "/etc/prometheus/rules/ansible_managed.yml",
            "interval": 15,
            "limit": 0,
            "rules": [
                {
                    "state": "firing",
                    "name": "Watchdog",
                    "query": "vector(1)",
                    "duration": 600,
                    "keepFiringFor": 0,
                    "labels": {"severity": "warning"},
                    "annotations": {"summary": "Ensure entire alerting pipeline is functional"},
                    "health": "ok",
                    "evaluationTime": 0.000356688,
                    "lastEvaluation": "2026-01-02T13:36:56.874Z",
                    "type": "alerting",
                }
            ],
            "evaluationTime": 0.000561635,
            "lastEvaluation": "2026-01-02T13:36:56.874Z",
        }
    ],
    "groupNextToken": "token",
}
V3_ALERTS = {
    "alerts": [
        {
            "labels": {"alertname": "Watchdog", "severity": "warning"},
            "annotations": {"summary": "Ensure entire alerting pipeline is functional"},
            "state": "firing",
            "activeAt": "2026-01-02T13:30:00.000Z",
            "keepFiringSince": "2026-01-02T13:35:00.123456789Z",
            "value": "1e+00",
        }
    ]
}
V3_TARGETS = {
    "activeTargets": [
        {
            "discoveredLabels": {"__address__": "demo.prometheus.io:9093", "__scheme__": "http"},
            "labels": {"env": "demo", "instance": "demo.prometheus.io:9093", "job": "alertmanager"},
            "scrapePool": "alertmanager",
            "scrapeUrl": "http://demo.prometheus.io:9093/metrics",
            "globalUrl": "http://demo.prometheus.io:9093/metrics",
            "lastError": "",
            "lastScrape": "2026-01-02T13:36:40.200Z",
            "lastScrapeDuration": 0.006576866,
            "health": "up",
            "scrapeInterval": "15s",
            "scrapeTimeout": "10s",
        }
    ],
    "droppedTargets": [],
    "droppedTargetCounts": {"alertmanager": 0},
}


@pytest.fixture
def api(httpserver: HTTPServer, client: httpx.Client) -> PrometheusApi:
    return PrometheusApi(httpserver.url_for(""), client)


def success(data: Any, **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": data, **more}


def test_the_answers_of_version_3_are_read(httpserver: HTTPServer, api: PrometheusApi) -> None:
    """Fields that version 2.42 does not have, warnings and infos are no obstacle."""
    matrix = {"resultType": "matrix", "result": [{"metric": {"job": "a"}, "values": [[1.5, "1"], [2.5, "NaN"]]}]}
    buckets = [0, "0.9", "1.1", "5"]
    histogram = {"metric": {}, "histogram": [3, {"count": "5", "sum": "6", "buckets": [buckets]}]}
    httpserver.expect_request("/api/v1/rules").respond_with_json(success(V3_RULES))
    httpserver.expect_request("/api/v1/alerts").respond_with_json(success(V3_ALERTS))
    httpserver.expect_request("/api/v1/targets").respond_with_json(success(V3_TARGETS))
    httpserver.expect_request("/api/v1/query_range").respond_with_json(success(matrix, infos=["PromQL info: x"]))
    httpserver.expect_request("/api/v1/query").respond_with_json(
        success({"resultType": "vector", "result": [histogram]}, warnings=["w"])
    )
    httpserver.expect_request("/api/v1/alertmanagers").respond_with_json(
        success({"activeAlertmanagers": [{"url": "http://demo:9093/api/v2/alerts"}], "droppedAlertmanagers": []})
    )

    [group] = api.rules()
    [rule] = group.rules
    [alert] = api.alerts()
    [target] = api.targets()
    [series] = api.query_range("a", 1, 3, 1)

    assert (group.interval, rule.name, rule.type, rule.duration, rule.health) == (15, "Watchdog", "alerting", 600, "ok")
    assert (alert.name, alert.state, alert.value) == ("Watchdog", "firing", "1e+00")
    assert (target.health, target.labels["job"]) == ("up", "alertmanager")
    assert series.points[0] == (1.5, 1)
    assert math.isnan(series.points[1][1])
    assert api.query("h")[0].points == ((3, 5),)
    assert api.alertmanagers() == ("http://demo:9093/api/v2/alerts",)


@pytest.mark.parametrize(
    "result, points",
    [
        ({"resultType": "scalar", "result": [1, "+Inf"]}, ((1, math.inf),)),
        ({"resultType": "string", "result": [1, "a"]}, ()),
    ],
)
def test_a_number_is_a_series_without_labels(
    result: dict[str, Any], points: Any, httpserver: HTTPServer, api: PrometheusApi
) -> None:
    """Scalars and strings are answers too (docs/querying/api.md, Expression query result formats)."""
    httpserver.expect_request("/api/v1/query").respond_with_json(success(result))

    [series] = api.query("1")

    assert (series.labels, series.points) == ({}, points)


@pytest.mark.parametrize("result", [{"resultType": "vector", "result": 3}, {"resultType": "scalar", "result": []}])
def test_an_answer_to_a_query_in_an_unknown_form_is_an_error(
    result: dict[str, Any], httpserver: HTTPServer, api: PrometheusApi
) -> None:
    """The error names the query and the type of the answer."""
    httpserver.expect_request("/api/v1/query").respond_with_json(success(result))

    with pytest.raises(MonitoringError, match=rf"a query with a {result['resultType']} of unknown form: a\+1\."):
        api.query("a+1")


def test_nothing_yet_is_an_empty_answer(httpserver: HTTPServer, api: PrometheusApi) -> None:
    """Version 2 writes an empty list as null in places."""
    httpserver.expect_request("/api/v1/rules").respond_with_json(success({"groups": None}))
    httpserver.expect_request("/api/v1/alerts").respond_with_json(success({"alerts": []}))
    httpserver.expect_request("/api/v1/targets").respond_with_json(success({"activeTargets": None}))

    assert (api.rules(), api.alerts(), api.targets()) == ((), (), ())


def test_label_values_may_be_limited_to_selectors(httpserver: HTTPServer, api: PrometheusApi) -> None:
    """Each selector is sent as it is."""
    asked = {"match[]": 'up{job="a"}'}
    httpserver.expect_request("/api/v1/label/instance/values", query_string=asked).respond_with_json(success(["x"]))

    assert api.label_values("instance", ['up{job="a"}']) == ("x",)


def test_the_version_is_read_where_there_is_one(httpserver: HTTPServer, api: PrometheusApi) -> None:
    """Before 2.14 Prometheus did not answer it (docs/querying/api.md, Build Information)."""
    httpserver.expect_oneshot_request("/api/v1/status/buildinfo").respond_with_json(success({"version": "3.5.0"}))

    assert api.version() == "3.5.0"
    httpserver.expect_request("/api/v1/status/buildinfo").respond_with_data("404 page not found", status=404)
    assert api.version() == "older than 2.14"


def test_a_refused_query_is_reported_with_the_reason(httpserver: HTTPServer, api: PrometheusApi) -> None:
    """The error has the query and what Prometheus reports of it."""
    answer = {"status": "error", "errorType": "bad_data", "error": "1:3: parse error: unexpected end of input"}
    httpserver.expect_request("/api/v1/query").respond_with_json(answer, status=400)

    with pytest.raises(MonitoringError, match=r"reported an error for a \+: bad_data: 1:3: parse error: unexpected"):
        api.query("a +")


Answer = tuple[int, str, str, str]
ANSWERS: dict[str, Answer] = {
    "a page": (
        200, "text/html", "<html>Grafana</html>",
        (r"is not Prometheus: /api/v1/rules was answered with HTTP 200 and text/html, in another form than its own\. "
        "Name the URL of Prometheus itself, with the path before /api"),
    ),
    "other JSON": (200, "application/json", '{"message": "ok"}', "is not Prometheus: .* HTTP 200 and application/json"),
    "other data": (200, "application/json", '{"status": "success", "data": {"groups": 3}}', "is not Prometheus"),
    "bytes": (200, "application/json", "\ufffd\udcff", "is not Prometheus"),
    "before 2.4": (
        404, "text/plain", "404 page not found",
        r"has no /api/v1/rules \(HTTP 404\), which Prometheus has since 2\.4\. Update it, or correct the URL",
    ),
    "a proxy in front of it": (502, "text/html", "<html>bad gateway</html>", "HTTP 502 and text/html"),
    "a sign-in page": (302, "text/html", "", r"answered HTTP 302, a redirect\. Name the URL to which it leads"),
    "no credential": (401, "text/plain", "", r"HTTP 401\. It is behind a credential: .*\[telemetry\.alerts\] token"),
    "no permission": (403, "text/plain", "", r"HTTP 403\. It is behind a credential: .*\[telemetry\.alerts\] token"),
}  # fmt: skip


@pytest.mark.parametrize("status, content_type, body, text", ANSWERS.values(), ids=ANSWERS.keys())
def test_what_is_no_answer_of_a_prometheus_is_reported_with_its_remedy(
    status: int, content_type: str, body: str, text: str, httpserver: HTTPServer, api: PrometheusApi
) -> None:
    """Every error names the key of harness.toml and the URL."""
    data = body.encode(errors="surrogatepass")
    httpserver.expect_request("/api/v1/rules").respond_with_data(data, status=status, content_type=content_type)

    with pytest.raises(MonitoringError, match=text) as caught:
        api.rules()

    assert str(caught.value).startswith(f"[telemetry.alerts] prometheus: {httpserver.url_for('').rstrip('/')} ")


def test_a_token_is_sent_and_a_refused_one_reported(httpserver: HTTPServer, client: httpx.Client) -> None:
    """A token that is not accepted is another error than none, and neither shows it."""
    httpserver.expect_request("/api/v1/alerts", headers={"authorization": "Bearer good"}).respond_with_json(
        success({"alerts": []})
    )
    httpserver.expect_request("/api/v1/alerts").respond_with_data("", status=401)
    url = httpserver.url_for("")

    assert PrometheusApi(url, client, token="good").alerts() == ()
    with pytest.raises(MonitoringError, match=r"It does not accept the token of \[telemetry\.alerts\] token") as caught:
        PrometheusApi(url, client, token="b4d").alerts()

    assert "b4d" not in str(caught.value)


def test_a_password_in_the_url_is_not_shown(client: httpx.Client) -> None:
    """Errors have the URL without it."""
    with pytest.raises(MonitoringError) as caught:
        PrometheusApi("http://me:pa55@127.0.0.1:9/prometheus/", client).alerts()

    assert "pa55" not in str(caught.value)
    assert "http://127.0.0.1:9/prometheus does not answer" in str(caught.value)


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
    while True:
        connection.sendall(b" " * (1 << 20))


@pytest.mark.parametrize(
    "act, reason", [(stay_silent, "timed out"), (flood, "after 32 MiB the answer had not ended"), (lambda _: None, "")]
)
def test_a_server_that_misbehaves_is_an_error_in_bounded_time(
    act: Callable[[socket.socket], None],
    reason: str,
    misbehave: Misbehave,
    client: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is silent, sends without end or hangs up: the error has the reason and what to do."""
    monkeypatch.setattr("harness.telemetry.monitoring.monitoring_client.WITHIN_S", 0.3 if act is stay_silent else 15)

    with pytest.raises(
        MonitoringError, match=rf"does not answer \(.*{reason}.*\)\. Start Prometheus there, or correct"
    ):
        PrometheusApi(misbehave(act), client).alerts()
