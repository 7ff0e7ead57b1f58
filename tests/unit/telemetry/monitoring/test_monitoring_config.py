"""What the Prometheus and the Alertmanager of the harness are told to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.errors import ConfigurationError, MonitoringError
from harness.telemetry.monitoring.monitoring_config import one_route, prometheus_config
from harness.telemetry.monitoring.monitoring_servers import Monitoring
from tests.ports import free_ports


def configured(*metrics: str, **labels: str) -> dict[str, Any]:
    text = prometheus_config(metrics, labels, rules="rules/*.yml", alertmanager="127.0.0.1:9093")
    found: dict[str, Any] = json.loads(text)
    return found


def test_metrics_are_scraped_every_second_with_the_teams_labels() -> None:
    """Scheme, path and query are those of the URL; the job is the label that rules match."""
    config = configured("https://app.example:8443/internal/metrics?format=text", job="app", env="staging")

    assert config["global"] == {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    [job] = config["scrape_configs"]
    assert job == {
        "job_name": "app",
        "scheme": "https",
        "metrics_path": "/internal/metrics",
        "params": {"format": ["text"]},
        "static_configs": [{"targets": ["app.example:8443"], "labels": {"env": "staging", "job": "app"}}],
    }


def test_several_endpoints_share_a_job() -> None:
    """Prometheus wants one name for each entry; the label is the same."""
    jobs = configured("http://127.0.0.1:1", "http://127.0.0.1:2/m")["scrape_configs"]

    assert [job["job_name"] for job in jobs] == ["integration", "integration-1"]
    assert [job["metrics_path"] for job in jobs] == ["/metrics", "/m"]
    assert {job["static_configs"][0]["labels"]["job"] for job in jobs} == {"integration"}


def test_no_credential_is_written_to_disk() -> None:
    """A URL with one is refused, and not repeated."""
    with pytest.raises(ConfigurationError, match=r"\[telemetry\] metrics contains a credential") as caught:
        configured("http://me:pa55@127.0.0.1:1/metrics")

    assert "pa55" not in str(caught.value)


def test_without_a_file_of_routes_every_alert_goes_to_the_harness_by_itself() -> None:
    """At once, and again when it resolves."""
    config = json.loads(one_route("http://127.0.0.1:5"))

    assert config["route"]["group_by"] == ["..."]
    assert config["route"]["group_wait"] == "0s"
    assert config["receivers"][0]["webhook_configs"] == [{"url": "http://127.0.0.1:5/harness", "send_resolved": True}]


@pytest.mark.parametrize(
    "there, text",
    [
        ((), "Prometheus is not installed: no prometheus on the PATH"),
        (("prometheus",), "Alertmanager is not installed: no prometheus-alertmanager or alertmanager on the PATH"),
    ],
)
def test_a_missing_program_is_named_with_what_to_install(
    there: tuple[str, ...], text: str, tmp_path: Path, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is started, and nothing listens."""
    for name in there:
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monitoring = Monitoring(client, tmp_path / "m", port=free_ports(), metrics=["http://127.0.0.1:1"], rules=[])

    with pytest.raises(MonitoringError) as caught, monitoring:
        pass

    assert str(caught.value) == f"{text}. Install both: apt-get install prometheus prometheus-alertmanager"
