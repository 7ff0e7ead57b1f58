"""Fixtures for telemetry, and the first look at it before anything is provoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.plugins.world import World
    from harness.run import Run
    from harness.telemetry.metrics import Metrics


@pytest.hookimpl(optionalhook=True)  # unknown where harness-core is switched off
def pytest_harness_target_ready(world: World) -> None:
    """Keep what the metrics show before the first delivery: a series born at its first failure is missed by rate()."""
    config = world.config.telemetry
    # Only processes that the harness has just started are known not to have counted anything yet.
    if config is None or config.metrics is None or not world.processes:
        return
    import httpx

    try:
        text = world.client.get(config.metrics).raise_for_status().text
    except (httpx.TransportError, httpx.HTTPStatusError):
        return  # the check itself will say so
    _baseline_path(world.run).write_text(text, encoding="utf-8")


@pytest.fixture
def metrics(world: World, require: Callable[..., None]) -> Metrics:
    """The integration's metrics endpoint."""
    require("telemetry.metrics")
    import httpx

    from harness.errors import ProbeError
    from harness.telemetry.metrics import Metrics

    def fetch(url: str) -> str:
        try:
            return world.client.get(url).raise_for_status().text
        except (httpx.TransportError, httpx.HTTPStatusError) as exc:
            raise ProbeError(f"harness.toml: [telemetry] metrics: {url} gave no metrics: {exc}. Is it served?") from exc

    config = world.config.telemetry
    assert config is not None
    path = _baseline_path(world.run)
    return Metrics(str(config.metrics), fetch, baseline=path.read_text(encoding="utf-8") if path.is_file() else None)


def _baseline_path(run: Run) -> Path:
    return run.path / "metrics-baseline.txt"
