"""``[telemetry]`` and ``[operations]``: what the integration shows, and what keeps it running."""

from __future__ import annotations

import datetime as dt

from harness.model.config.base import Duration, Section
from harness.model.reference import SecretRef


class Telemetry(Section, frozen=True):
    """``[telemetry]``: where the integration shows what it does."""

    CALLED = ("metrics",)

    metrics: str | None = None
    """URL in the Prometheus text format."""
    otlp: str | None = None
    """Loopback address and port on which the harness takes spans, such as ``127.0.0.1:4318``."""
    series: dict[str, str] = {}
    """Which series counts what: delivered, rejected, duplicate, dead_letter, retried."""
    settle_within: Duration = Duration(5)
    """How long a series may take to move after it was provoked, and a span beyond OpenTelemetry's own delay."""


class Rotation(Section, frozen=True):
    """One of ``[operations] secrets``: when a secret was last replaced."""

    ref: SecretRef
    """The secret, as it is referred to elsewhere in harness.toml."""
    rotated_at: dt.date
    max_age: Duration = Duration(90 * 86400)
    """How long it may be used."""
    previous: SecretRef | None = None
    """What it replaced, where the provider's credential is meant: the provider must refuse it."""


class Operations(Section, frozen=True):
    """``[operations]``: what keeps the integration running."""

    runbooks: str | None = None
    """Glob of Markdown files, relative to harness.toml."""
    review_within: Duration = Duration(180 * 86400)
    """How old a runbook's last review may be."""
    logs: tuple[str, ...] = ()
    """Globs of log files of processes the harness does not start."""
    secrets: tuple[Rotation, ...] = ()
    """When each secret was last replaced."""
    scan: tuple[str, ...] = ()
    """Globs of further files in which no secret may stand, such as cassettes and fixtures."""
