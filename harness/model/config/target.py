"""``[target]`` and ``[process.NAME]``: what is certified, and what the harness starts."""

from __future__ import annotations

import enum

from harness.model.config.base import Duration, Section


class Environment(enum.StrEnum):
    """Where the target runs; ``production`` refuses faults, fuzzing and writes."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


class TargetSection(Section, frozen=True):
    """``[target]``: the name, the environment, and where the user's scenarios are."""

    name: str
    environment: Environment | None = None
    """Required where the provider is not on this machine; there ``local``."""
    scenarios: tuple[str, ...] = ()
    """Folders or files of scenarios that the gate runs, relative to harness.toml."""


class Process(Section, frozen=True):
    """``[process.NAME]``: a process the harness starts, watches and stops."""

    CALLED = ("ready",)

    command: tuple[str, ...]
    ready: str
    """URL that answers 2xx once the process is ready."""
    ready_within: Duration = Duration(20)
    env: dict[str, str] = {}
    """Added to the environment; a value may be a secret reference."""
