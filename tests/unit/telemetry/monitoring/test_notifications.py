"""Notifications as Alertmanager sends them (prometheus.io, Alerting: Configuration, webhook_config)."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import pytest

from harness.telemetry.monitoring import notifications
from harness.telemetry.monitoring.notifications import NotificationHook


def message(*alerts: dict[str, Any], receiver: str = "team") -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="A"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": receiver,
        "groupLabels": {"alertname": "A"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": list(alerts),
    }


def alert(name: str = "A", status: str = "firing") -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "page"},
        "annotations": {"runbook_url": "runbooks/a.md"},
        "startsAt": "2026-01-02T13:30:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "c1",
    }


def post(hook: NotificationHook, content: Any, path: str = "/team") -> int:
    return httpx.post(f"{hook.url}{path}", json=content, trust_env=False).status_code


def test_every_alert_of_a_notification_is_stored() -> None:
    """Labels and annotations, the receiver, and when it arrived."""
    before = time.time()
    with NotificationHook() as hook:
        assert post(hook, message(alert(), alert("B", "resolved"))) == 200
        first, second = hook.notifications

    assert (first.name, first.status, second.name, second.status) == ("A", "firing", "B", "resolved")
    assert first.labels["severity"] == "page"
    assert first.annotations == {"runbook_url": "runbooks/a.md"}
    assert first.receiver == "team"
    assert before <= first.at <= time.time()


def test_the_receiver_is_that_of_the_path_where_the_message_names_none() -> None:
    """The harness gives each receiver its own path."""
    with NotificationHook() as hook:
        post(hook, message(alert(), receiver=""), "/on%20call")

    assert [n.receiver for n in hook.notifications] == ["on call"]


def test_waiting_ends_with_the_notification() -> None:
    """Only one of that alert, with that status and not before the time counts; None when none comes."""
    with NotificationHook() as hook:
        post(hook, message(alert("B"), alert("A", "resolved")))
        since = time.time()
        assert hook.wait_for("A", "firing", since=since, within_s=0) is None
        assert hook.wait_for("B", "firing", since=since, within_s=0) is None
        sender = threading.Timer(0.05, post, (hook, message(alert())))
        sender.start()
        found = hook.wait_for("A", "firing", since=since, within_s=30)
        sender.join()

    assert found is not None
    assert found.name == "A"


@pytest.mark.parametrize("content", ["text", {"alerts": 3}, [], None])
def test_what_is_no_notification_is_refused(content: Any) -> None:
    """It is answered with 400 and counted, and other methods with 405."""
    with NotificationHook() as hook:
        assert post(hook, content) == 400
        assert httpx.get(hook.url, trust_env=False).status_code == 405

    assert hook.unreadable == 1
    assert hook.notifications == ()


def test_a_flood_of_notifications_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What exceeds the bound is answered, and not stored."""
    monkeypatch.setattr(notifications, "MAX_NOTIFICATIONS", 3)
    with NotificationHook() as hook:
        assert [post(hook, message(alert(), alert())) for _ in range(3)] == [200] * 3

    assert len(hook.notifications) == 3
