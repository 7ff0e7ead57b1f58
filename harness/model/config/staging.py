"""``[telemetry]`` and ``[operations]``: what the integration shows, and what keeps it running."""

from __future__ import annotations

from harness.model.config.base import Duration, Section


class Telemetry(Section, frozen=True):
    """``[telemetry]``: where the integration shows what it does."""

    metrics: str | None = None
    """URL in the Prometheus text format."""
    series: dict[str, str] = {}
    """Which series counts what: delivered, rejected, duplicate, dead_letter, retried."""
    settle_within: Duration = Duration(5)
    """How long a series may take to move after it was provoked."""


class Operations(Section, frozen=True):
    """``[operations]``: what keeps the integration running."""

    runbooks: str | None = None
    """Glob of Markdown files, relative to harness.toml."""
    review_within: Duration = Duration(180 * 86400)
    """How old a runbook's last review may be."""
    logs: tuple[str, ...] = ()
    """Globs of log files of processes the harness does not start."""
    scan: tuple[str, ...] = ()
    """Globs of further files in which no secret may stand, such as cassettes and fixtures."""
