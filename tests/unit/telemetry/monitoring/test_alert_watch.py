"""What is read of alerts while an exercise runs, and afterwards of every evaluation."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pytest_httpserver import HTTPServer

from harness.telemetry.monitoring import alert_watch
from harness.telemetry.monitoring.alert_watch import AlertWatch
from harness.telemetry.monitoring.alertmanager_api import AlertmanagerApi
from harness.telemetry.monitoring.notifications import NotificationHook
from harness.telemetry.monitoring.prometheus_api import PrometheusApi
from tests.waiting import wait_for

METRICS = """
alertmanager_notifications_total{integration="webhook"} 4
alertmanager_notifications_failed_total{integration="webhook"} 3
"""


@pytest.fixture
def hook() -> Iterator[NotificationHook]:
    with NotificationHook() as server:
        yield server


@pytest.fixture
def watch(httpserver: HTTPServer, client: httpx.Client, hook: NotificationHook) -> AlertWatch:
    url = httpserver.url_for("")
    return AlertWatch(PrometheusApi(url, client), AlertmanagerApi(url, client), hook)


def active(httpserver: HTTPServer, *alerts: tuple[str, str]) -> None:
    """Answer that these alerts are active since now, each with its name and state."""
    now = dt.datetime.now(dt.UTC).isoformat()
    listed = [{"labels": {"alertname": name}, "state": state, "activeAt": now} for name, state in alerts]
    httpserver.clear_all_handlers()
    httpserver.expect_request("/api/v1/alerts").respond_with_json({"status": "success", "data": {"alerts": listed}})
    httpserver.expect_request("/metrics").respond_with_data(METRICS)


def notify(hook: NotificationHook, name: str, status: str = "firing") -> None:
    alert = {"status": status, "labels": {"alertname": name}}
    httpx.post(f"{hook.url}/team", json={"receiver": "team", "alerts": [alert]}, trust_env=False)


def routed(name: str, *, receivers: tuple[str, ...] = ("team",), **status: list[str]) -> dict[str, Any]:
    """Return an alert in the form of Alertmanager's API, version 2."""
    return {
        "labels": {"alertname": name},
        "fingerprint": f"id-{name}",
        "receivers": [{"name": receiver} for receiver in receivers],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], **status},
    }


def test_an_alert_counts_as_firing_once_its_notification_is_there(
    httpserver: HTTPServer, watch: AlertWatch, hook: NotificationHook
) -> None:
    """Until then its fault is to last; a pending one, and the notification of another, are not enough."""
    active(httpserver, ("A", "firing"), ("B", "pending"))
    notify(hook, "B")
    notify(hook, "A", "resolved")

    assert watch.active() == {"A", "B"}
    assert watch.firing() == frozenset()
    notify(hook, "A")
    assert watch.firing() == {"A"}
    assert watch.held_back == {}


REASONS = {
    "not sent": ([routed("B")], "Alertmanager does not hold it: Prometheus did not send it"),
    "silenced": ([routed("A", silencedBy=["s-1"])], r"Alertmanager holds it back: a silence \(s-1\) matches it"),
    "inhibited": (
        [routed("A", inhibitedBy=["id-Down"]), routed("Down")],
        "Alertmanager holds it back: it is inhibited by Down",
    ),
    "inhibited by one that is gone": (
        [routed("A", inhibitedBy=["id-Gone"])],
        "Alertmanager holds it back: it is inhibited by another alert",
    ),
    "never sent": (
        [routed("A", receivers=("pager", "mail"))],
        "Alertmanager routes it to mail, pager; of 4 notifications that it attempted, 3 failed",
    ),
    "no receiver": ([routed("A", receivers=())], "Alertmanager routes it to no receiver; of 4 notifications"),
}


@pytest.mark.parametrize("alerts, reason", REASONS.values(), ids=REASONS.keys())
def test_an_alertmanager_that_never_calls_is_asked_why(
    alerts: list[dict[str, Any]],
    reason: str,
    httpserver: HTTPServer,
    watch: AlertWatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The wait is bounded; then the alert counts as firing, and what Alertmanager shows of it is recorded."""
    monkeypatch.setattr(alert_watch, "NOTIFIED_WITHIN_S", 0.1)
    monkeypatch.setattr(alert_watch, "PATIENCE_S", 0.2)
    active(httpserver, ("A", "firing"))
    httpserver.expect_request("/api/v2/alerts").respond_with_json(alerts)

    wait_for(lambda: watch.firing() == {"A"})

    assert list(watch.held_back) == ["A"]
    assert re.match(reason, watch.held_back["A"])


def test_a_notification_that_is_to_come_is_given_more_time(
    httpserver: HTTPServer, watch: AlertWatch, hook: NotificationHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine it takes longer; an alert that is routed and not held back is not given up at once."""
    monkeypatch.setattr(alert_watch, "NOTIFIED_WITHIN_S", 0)
    active(httpserver, ("A", "firing"))
    httpserver.expect_request("/api/v2/alerts").respond_with_json([routed("A")])

    assert watch.firing() == frozenset()
    notify(hook, "A")
    assert watch.firing() == {"A"}
    assert watch.held_back == {}


def test_a_new_episode_has_a_wait_of_its_own(
    httpserver: HTTPServer, watch: AlertWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert that was inactive in between is not late because of the time before."""
    monkeypatch.setattr(alert_watch, "NOTIFIED_WITHIN_S", 30)
    active(httpserver, ("A", "firing"))
    assert watch.firing() == frozenset()
    watch._fires_since["A"] -= 60
    active(httpserver)
    assert watch.firing() == frozenset()
    active(httpserver, ("A", "firing"))

    assert watch.firing() == frozenset()


def samples(state: str, *moments: float, instance: str = "a") -> dict[str, Any]:
    labels = {"__name__": "ALERTS", "alertname": "A", "alertstate": state, "instance": instance}
    return {"metric": labels, "values": [[moment, "1"] for moment in moments]}


def test_every_evaluation_counts_however_short_the_state(httpserver: HTTPServer, watch: AlertWatch) -> None:
    """Episodes end with a gap, instances are apart, a missed evaluation is no end, and what lasts has no end."""
    result = [
        samples("pending", 100, 101),
        samples("firing", 102, 104, 105, 120),
        samples("pending", 103, instance="b"),
    ]
    httpserver.expect_request("/api/v1/query").respond_with_json(
        {"status": "success", "data": {"resultType": "matrix", "result": result}}
    )
    lasting = {"labels": {"alertname": "A", "instance": "a"}, "state": "firing"}
    httpserver.expect_request("/api/v1/alerts").respond_with_json({"status": "success", "data": {"alerts": [lasting]}})

    found = watch.episodes(since=90)

    assert [(e.labels["instance"], e.pending_at, e.firing_at, e.resolved_at) for e in found] == [
        ("a", 100, 102, 106),
        ("b", 103, None, 104),
        ("a", 120, 120, None),
    ]
    assert {e.alert for e in found} == {"A"}
    assert "alertstate" not in found[0].labels


def test_the_values_that_an_expression_reached_are_its_bounds(httpserver: HTTPServer, watch: AlertWatch) -> None:
    """Over all series, without what is no number; None where there is none, or where it cannot be evaluated."""
    result = [{"metric": {}, "values": [[1, "NaN"], [2, "7"]]}, {"metric": {}, "values": [[1, "-3"]]}]
    query = httpserver.expect_oneshot_request("/api/v1/query_range")
    query.respond_with_json({"status": "success", "data": {"resultType": "matrix", "result": result}})
    empty = httpserver.expect_oneshot_request("/api/v1/query_range")

    assert watch.reached("x", 1, 2) == (-3, 7)
    empty.respond_with_json({"status": "success", "data": {"resultType": "matrix", "result": []}})
    assert watch.reached("x", 1, 2) is None
    httpserver.expect_request("/api/v1/query_range").respond_with_json({"status": "error", "error": "x"}, status=422)
    assert watch.reached("x", 1, 2) is None


def test_a_time_without_scrapes_is_a_stall(httpserver: HTTPServer, watch: AlertWatch) -> None:
    """Two scrapes that a busy machine leaves out are none."""
    points = [[moment, "1"] for moment in (1, 2, 5, 6, 11, 12)]
    matrix = {"resultType": "matrix", "result": [{"metric": {"__name__": "up"}, "values": points}]}
    httpserver.expect_request("/api/v1/query").respond_with_json({"status": "success", "data": matrix})

    assert watch.stalls(0) == ((6, 11),)
