"""``[telemetry]`` and ``[operations]``: what the integration exports, and how it is operated."""

from __future__ import annotations

import datetime as dt

from harness.model.config.base import Duration, Section
from harness.model.reference import SecretRef


class Telemetry(Section, frozen=True):
    """``[telemetry]``: where the integration exports metrics and traces."""

    CALLED = ("metrics",)

    metrics: str | None = None
    """URL of metrics in the Prometheus text format."""
    otlp: str | None = None
    """Loopback address and port on which the harness receives spans, such as ``127.0.0.1:4318``."""
    series: dict[str, str] = {}
    """Series by what it counts: delivered, rejected, duplicate, dead_letter, retried."""
    settle_within: Duration = Duration(5)
    """Time within which a series must increase, and a span arrive (beyond OpenTelemetry's own export delay)."""


class Rotation(Section, frozen=True):
    """An entry of ``[operations] secrets``: when a secret was last replaced."""

    ref: SecretRef
    """Reference to the secret, as elsewhere in harness.toml."""
    rotated_at: dt.date
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
