"""Prometheus and Alertmanager as the harness starts them."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import psutil
import pytest

from harness.errors import MonitoringError
from tests.real.monitoring.conftest import Exporter, Watched
from tests.waiting import wait_for

FORGED = """
groups:
  - name: webhooks
    rules:
      - alert: Forged
        expr: increase(refusals_total{reason="signature"}[4s]) > 3
        for: 1s
        labels: {severity: page}
        annotations: {summary: "{{ $value }} on {{ $labels.instance }}", runbook_url: runbooks/forged.md}
"""


def test_an_alert_is_notified_and_resolves(watched: Watched, exporter: Exporter) -> None:
    """A counter that grows fires the alert; the hook gets it with labels and annotations, and its resolution."""
    series = 'refusals_total{reason="signature"}'
    exporter.values[series] = 0
    with watched(FORGED, labels={"job": "app", "team": "a"}) as monitoring:
        monitoring.wait_scraped()
        assert monitoring.prometheus.query("ALERTS") == ()
        begun = time.time()
        deadline = time.monotonic() + 30
        while not monitoring.hook.wait_for("Forged", "firing", since=begun, within_s=0.5):
            exporter.values[series] += 5
            assert time.monotonic() < deadline
        [notified] = monitoring.hook.notifications
        resolved = monitoring.hook.wait_for("Forged", "resolved", since=begun, within_s=30)
        [group] = monitoring.prometheus.rules()
        [target] = monitoring.prometheus.targets()

    host = exporter.url.removeprefix("http://")
    assert notified.labels == {
        "alertname": "Forged", "severity": "page", "reason": "signature", "instance": host, "job": "app", "team": "a"
    }  # fmt: skip
    assert notified.annotations["runbook_url"] == "runbooks/forged.md"
    assert notified.annotations["summary"].endswith(f" on {host}")
    assert notified.receiver == "harness"
    assert resolved is not None
    assert resolved.at > notified.at
    assert [rule.health for rule in group.rules] == ["ok"]
    assert target.labels["job"] == "app"


def test_nothing_is_left_running(watched: Watched, exporter: Exporter) -> None:
    """Both processes end with the block, also where it ends with an error."""
    exporter.values["a"] = 1

    def children() -> list[int]:
        return [child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]

    before = children()
    with suppress(ZeroDivisionError), watched() as monitoring:
        running = children()
        assert monitoring.prometheus.version().startswith(("2.", "3."))
        _ = 1 / 0

    assert len(running) == len(before) + 2
    wait_for(lambda: children() == before)


def test_rules_that_do_not_parse_are_reported_with_the_reason(watched: Watched) -> None:
    """The error quotes what Prometheus printed, and how to see it again."""
    with pytest.raises(MonitoringError) as caught, watched("groups: [{name: a, rules: [{alert: A, expr: 'a >'}]}]"):
        pass

    text = str(caught.value)
    assert text.startswith("Prometheus of the harness did not start. Run it by hand to see why: ")
    assert "could not parse expression" in text


def test_a_target_that_does_not_answer_is_named(watched: Watched) -> None:
    """The wait for the first scrape ends with the URL and Prometheus' own reason."""
    with (
        watched(metrics=("http://127.0.0.1:9/metrics",)) as monitoring,
        pytest.raises(MonitoringError, match=r"http://127\.0\.0\.1:9/metrics is down: .*connection refused"),
    ):
        monitoring.wait_scraped(within_s=8)


def test_a_target_that_answers_too_late_is_named_with_the_time_that_it_has(watched: Watched) -> None:
    """Where scrapes time out, the error states how soon the metrics must be there."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        watched(metrics=(f"http://127.0.0.1:{silent.getsockname()[1]}/metrics",)) as monitoring,
        pytest.raises(MonitoringError, match=r"exceeded\. The harness scrapes every 1 s and waits as long: return the"),
    ):
        monitoring.wait_scraped(within_s=8)


def test_a_process_that_ends_is_reported(watched: Watched, exporter: Exporter) -> None:
    """An Alertmanager that dies is an error with its name, before the wait is over."""
    exporter.values["a"] = 1
    with watched() as monitoring:
        for process in psutil.Process().children():
            if "alertmanager" in process.name():
                process.kill()
        with pytest.raises(MonitoringError, match="Alertmanager of the harness ended by itself"):
            wait_for(monitoring.require_alive)
