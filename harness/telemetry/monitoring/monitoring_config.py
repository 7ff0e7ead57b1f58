"""The configuration of the Prometheus and the Alertmanager that the harness starts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from harness.errors import ConfigurationError

EACH_S = 1
"""Seconds between two scrapes and between two evaluations of a rule."""
JOB = "integration"
RECEIVER = "harness"


def prometheus_config(metrics: Sequence[str], labels: Mapping[str, str], *, rules: str, alertmanager: str) -> str:
    """Return the configuration of Prometheus, as JSON, which is YAML.

    ``metrics`` are the URLs to scrape, ``labels`` those of every series, ``rules`` is a glob of rule files, and
    ``alertmanager`` a host and port.
    """
    added = {name: value for name, value in labels.items() if name != "job"}
    jobs = [_job(number, url, labels.get("job", JOB), added) for number, url in enumerate(metrics)]
    every = f"{EACH_S}s"
    document = {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [rules],
        "scrape_configs": jobs,
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
    }
    return json.dumps(document, indent=2)


def _job(number: int, url: str, job: str, labels: dict[str, str]) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ConfigurationError(
            "harness.toml: [telemetry] metrics contains a credential, which the configuration of a Prometheus would "
            "store on disk. Serve the metrics on loopback without one, or name your own Prometheus in "
            "[telemetry.alerts] prometheus."
        )
    return {
        "job_name": f"{job}-{number}" if number else job,  # names are unique; the label is what rules see
        "metrics_path": parts.path or "/metrics",
        "params": parse_qs(parts.query),
        "scheme": parts.scheme,
        "static_configs": [{"targets": [parts.netloc], "labels": {**labels, "job": job}}],
    }


def one_route(hook_url: str) -> str:
    """Return the configuration of an Alertmanager that sends every alert to the harness at once, each by itself."""
    document = {
        "route": {
            "receiver": RECEIVER,
            "group_by": ["..."],
            "group_wait": "0s",
            "group_interval": f"{EACH_S}s",
            "repeat_interval": "1h",
        },
        "receivers": [
            {"name": RECEIVER, "webhook_configs": [{"url": f"{hook_url}/{RECEIVER}", "send_resolved": True}]}
        ],
    }
    return json.dumps(document, indent=2)
