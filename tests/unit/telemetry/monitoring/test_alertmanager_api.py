"""What is read of an Alertmanager, and sent to it."""

from __future__ import annotations

import httpx
import pytest
from pytest_httpserver import HTTPServer

from harness.errors import MonitoringError
from harness.telemetry.monitoring.alertmanager_api import AlertmanagerApi

METRICS = """
# TYPE alertmanager_notifications_total counter
alertmanager_notifications_total{integration="email"} 2
alertmanager_notifications_total{integration="webhook",receiver_name="a"} 3
alertmanager_notifications_total{integration="webhook",receiver_name="b"} 1
# TYPE alertmanager_notifications_failed_total counter
alertmanager_notifications_failed_total{integration="webhook",reason="clientError"} 1
alertmanager_notifications_failed_total{integration="webhook",reason="serverError"} 1
# TYPE alertmanager_notification_requests_failed_total counter
alertmanager_notification_requests_failed_total{integration="webhook"} 3
"""
"""With the labels that versions since 0.26 (reason) and 0.28 (receiver_name) add."""


@pytest.fixture
def api(httpserver: HTTPServer, client: httpx.Client) -> AlertmanagerApi:
    return AlertmanagerApi(httpserver.url_for(""), client)


def test_notifications_are_counted_by_integration(httpserver: HTTPServer, api: AlertmanagerApi) -> None:
    """Labels of newer versions are summed up."""
    httpserver.expect_request("/metrics").respond_with_data(METRICS)

    counts = api.counts()

    assert counts.sent == {"email": 2, "webhook": 4}
    assert counts.failed == {"webhook": 2}
    assert counts.of(["webhook"]) == (4, 5)
    assert counts.of([]) == (0, 0)


@pytest.mark.parametrize(
    "status, body, text",
    [
        (404, "", "answered HTTP 404 at /metrics"),
        (200, "<html>", "is not Alertmanager: /metrics was answered with HTTP"),
    ],
)
def test_counts_that_cannot_be_read_are_an_error(
    status: int, body: str, text: str, httpserver: HTTPServer, api: AlertmanagerApi
) -> None:
    """The error names the URL and the key."""
    httpserver.expect_request("/metrics").respond_with_data(body, status=status)

    with pytest.raises(MonitoringError, match=rf"\[telemetry\.alerts\] alertmanager: http://\S+ {text}"):
        api.counts()


def test_an_alertmanager_without_version_2_of_the_api_is_too_old(httpserver: HTTPServer, api: AlertmanagerApi) -> None:
    """The error names the version that has it."""
    httpserver.expect_request("/api/v2/alerts").respond_with_data("404 page not found", status=404)

    with pytest.raises(MonitoringError, match=r"has no /api/v2/alerts .* since 0\.16\. Update it"):
        api.alerts()


def test_an_alert_that_is_refused_is_reported(httpserver: HTTPServer, api: AlertmanagerApi) -> None:
    """With the status and Alertmanager's own words, on one line and cut."""
    httpserver.expect_request("/api/v2/alerts", method="POST").respond_with_data("bad\n" + "x" * 999, status=400)

    with pytest.raises(MonitoringError, match=r"refused an alert with HTTP 400: bad x{295}…\.$"):
        api.send([{"labels": {}}])


@pytest.mark.parametrize("original", ["receivers: 3", "a: [", "route: {}", "receivers: [{}]"])
def test_a_configuration_that_cannot_be_read_is_an_error(
    original: str, httpserver: HTTPServer, api: AlertmanagerApi
) -> None:
    """Without it nobody knows which of the counts belong to a receiver."""
    httpserver.expect_request("/api/v2/status").respond_with_json({"config": {"original": original}})

    with pytest.raises(MonitoringError, match="is not Alertmanager: /api/v2/status was answered"):
        api.integrations(["a"])
