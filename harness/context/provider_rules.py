"""Whose provider it is, and what may be done there, where harness.toml leaves it open."""

from __future__ import annotations

from urllib.parse import urlsplit

from harness.errors import ConfigurationError
from harness.http.address import origin_of
from harness.http.message import is_loopback
from harness.model.config import Configuration, Environment, Probes


def environment_of(config: Configuration, names: str) -> Environment:
    """Return the environment; raises `ConfigurationError` where the provider is elsewhere and none is named.

    ``names`` are the files that the configuration was read from.
    """
    if config.target.environment is not None:
        return config.target.environment
    provider = config.provider
    if provider is None or is_loopback(urlsplit(provider.base_url).hostname or ""):
        return Environment.LOCAL
    raise ConfigurationError(
        f"{names}: [provider] base_url is not on this machine, so [target] environment is required. "
        'Add environment = "staging" under [target], or "production", where the harness only reads.'
    )


def is_started(config: Configuration) -> bool:
    """Whether the provider is a ``[process]`` that the harness starts: its readiness URL is of the same origin."""
    return process_of_provider(config) is not None


def process_of_provider(config: Configuration) -> str | None:
    """Return the name of the ``[process]`` that is the provider; None where the harness does not start it."""
    if config.provider is None:
        return None
    origin = origin_of(config.provider.base_url)
    return next((name for name, p in config.process.items() if p.ready_url and origin_of(p.ready_url) == origin), None)


def is_ours(config: Configuration) -> bool:
    """Whether the team can correct the provider."""
    given = config.provider.ours if config.provider else None
    return is_started(config) if given is None else given


def probes_of(config: Configuration) -> Probes:
    """Return what the requests that the harness makes up may do at the provider."""
    given = config.provider.probes if config.provider else None
    probes = given or (Probes.WRITE if is_started(config) else Probes.READ)
    if config.target.environment is Environment.PRODUCTION and probes is Probes.WRITE:
        return Probes.READ
    return probes
