"""``[telemetry]`` and ``[operations]``: what the integration exports, and how it is operated."""

from __future__ import annotations

import datetime as dt

from harness.model.config.base import Duration, Section
from harness.model.reference import SecretRef
from harness.model.signals import Signal


class Alerts(Section, frozen=True):
    """``[telemetry.alerts]``: the alert rules, where alerts go, and which fault is to fire which alert."""

    CALLED = ("prometheus", "alertmanager")

    rules: tuple[str, ...] = ()
    """Globs of Prometheus rule files (plain, or PrometheusRule objects), relative to harness.toml."""
    tests: tuple[str, ...] = ()
    """Globs of test files for ``promtool test rules``."""
    routes: str | None = None
    """Alertmanager's configuration file: its routes, receivers and inhibitions."""
    fires: dict[str, str | tuple[str, ...]] = {}
    """The alerts that you count on: by alert, the fault that fires it, or a command that causes one while it runs."""
    fires_within: Duration = Duration(15 * 60)
    """Time after the beginning of a fault within which its alert must fire."""
    labels: dict[str, str] = {}
    """Labels that your scrape configuration gives to every series, such as ``job``."""
    scrape_interval: Duration | None = None
    """How often your Prometheus scrapes the integration; without it, nothing is judged by it."""
    prometheus: str | None = None
    """URL of your own Prometheus, instead of one that the harness starts."""
    alertmanager: str | None = None
    """URL of your own Alertmanager, beside ``prometheus``."""
    token: SecretRef | None = None
    """Bearer token for both."""
    synthetic: dict[str, str] = {}
    """Labels of a synthetic alert that is sent through your own Alertmanager; without them none is sent."""


class Telemetry(Section, frozen=True):
    """``[telemetry]``: where the integration exports metrics and traces, and what watches them."""

    CALLED = ("metrics",)

    metrics: str | None = None
    """URL of metrics in the Prometheus text format."""
    otlp: str | None = None
    """Loopback address and port on which the harness receives spans, such as ``127.0.0.1:4318``."""
    series: dict[str, str] = {}
    """Series by what it counts: delivered, rejected, duplicate, dead_letter, retried."""
    alerts: Alerts | None = None
    dashboards: tuple[str, ...] = ()
    """Globs of Grafana dashboards as JSON, relative to harness.toml."""
    shown_by: dict[str, tuple[Signal, ...]] = {}
    """By fault, the signals that must show it: log, metric, span, alert."""
    settle_within: Duration = Duration(5)
    """Time within which a series must increase, and a span arrive (beyond OpenTelemetry's own export delay)."""


class Rotation(Section, frozen=True):
    """An entry of ``[operations] secrets``: when a secret was last replaced."""

    IDENTITY = ("ref",)

    ref: SecretRef
    """Reference to the secret, as elsewhere in harness.toml."""
    rotated_at: dt.date
    """Day of the last rotation."""
    max_age: Duration = Duration(90 * 86400)
    """Maximum age of the secret."""
    previous: SecretRef | None = None
    """Where the secret is the provider's credential, the one that it replaced: the provider must refuse it."""


class Operations(Section, frozen=True):
    """``[operations]``: runbooks, logs and secret rotation."""

    runbooks: str | None = None
    """Glob of Markdown files, relative to harness.toml."""
    review_within: Duration = Duration(180 * 86400)
    """Maximum age of a runbook's last review."""
    logs: tuple[str, ...] = ()
    """Globs of log files of processes that the harness does not start."""
    secrets: tuple[Rotation, ...] = ()
    """When each secret was last replaced."""
    scan: tuple[str, ...] = ()
    """Globs of further files that must not contain secrets, such as cassettes and fixtures."""
    scanner: tuple[str, ...] = ()
    """Command of a scanner that searches the folder ``{files}``, and prints SARIF or writes it to ``{sarif}``."""

    def __post_init__(self) -> None:
        """Raise ValueError for two records of one secret, of which only one could be true, or a scanner of nothing."""
        if self.scanner and not any("{files}" in word for word in self.scanner):
            raise ValueError("`scanner` is a command without {files}: add that word, the folder that it is to search")
        refs = [record.ref for record in self.secrets]
        if twice := [ref for number, ref in enumerate(refs) if ref in refs[:number]]:
            raise ValueError(f"`secrets` has two records of {twice[0]}: remove the older one")
