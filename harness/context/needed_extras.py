"""Which extras a target needs, so that a missing one is named before any test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.core.extras import require
from harness.errors import ConfigurationError
from harness.model.config import Probe
from harness.model.config.fuzz import EXAMPLES_VARIABLE

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model.config import Configuration

REDIS_URLS = ("redis://", "rediss://", "unix://")


def require_extras(run_context: RunContext) -> None:
    """Raise `ConfigurationError` that names each extra which harness.toml needs and which is not installed.

    Only for a run whose secrets are resolved: the URL of a database, which may be one, decides on its driver.
    """
    missing = []
    for wanted_by, modules in _needed(run_context.config):
        try:
            require(wanted_by, *modules)
        except ConfigurationError as exc:
            missing.append(str(exc))
    if missing:
        raise ConfigurationError("\n".join(missing))
    for where, probe in _sql_probes(run_context.config):
        from harness.context.receiver_parts import asker_of

        asker_of(run_context, probe, where)


def _sql_probes(config: Configuration) -> Iterator[tuple[str, Probe]]:
    """Yield the key and the description of each probe that asks a database, as messages of a run name it."""
    for keys, probe in config.inner(Probe):
        if probe.sql:
            yield f"[{'.'.join(keys[:-1])}] {keys[-1]}", probe


def _needed(config: Configuration) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each key of harness.toml that needs an extra, with the modules that it needs."""
    for where, _ in _sql_probes(config):
        yield f"harness.toml: the SQL of {where}", ("sqlalchemy",)
    telemetry = config.telemetry
    if telemetry and telemetry.otlp:
        yield "harness.toml: [telemetry] otlp", ("opentelemetry.proto", "google.protobuf")
    for key in ("alerts", "dashboards"):
        if getattr(telemetry, key, None):
            yield f"harness.toml: [telemetry] {key}", ("promql_parser",)
    if config.provider and os.environ.get(EXAMPLES_VARIABLE, "").startswith(REDIS_URLS):
        yield f"{EXAMPLES_VARIABLE}, which names a Redis server,", ("redis",)
