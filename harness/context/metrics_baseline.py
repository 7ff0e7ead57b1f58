"""What the metrics show before the first delivery: a series that is born at its first failure is missed by rate()."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.context.run_context import RunContext

_FILE = "metrics-baseline.txt"


def store_baseline(context: RunContext) -> None:
    """Store what the metrics show now, in the process that has just started the target."""
    config = context.config.telemetry
    # Only processes that the harness has just started are known not to have counted anything yet.
    if config is None or config.metrics is None or not context.processes:
        return
    from harness.errors import ProbeError
    from harness.telemetry.metrics import read_metrics

    try:
        text = read_metrics(context.client, config.metrics)
    except ProbeError:
        return  # the check itself reports it
    (context.run.path / _FILE).write_text(text, encoding="utf-8")


def baseline_of(context: RunContext) -> str | None:
    """Return what was stored, None where nothing was."""
    path = context.run.path / _FILE
    return path.read_text(encoding="utf-8") if path.is_file() else None
