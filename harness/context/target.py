"""harness.toml → `Target`: what is certified, read once, checked whole, with every secret still a reference."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from glob import has_magic
from pathlib import Path
from typing import Any

import msgspec

from harness.context.client_presets import with_client_preset
from harness.context.configuration_checks import check_configuration
from harness.context.configuration_files import ConfigurationFiles
from harness.context.provider_rules import environment_of, is_ours, probes_of
from harness.context.referred_urls import is_referred_url, with_referred_urls
from harness.core.pointers import leaves, mapped
from harness.model import ProviderOwner, SecretRef, TargetSummary
from harness.model.config import Configuration, Environment, Probes
from harness.model.strict import convert, where_is

ABSENCES = {
    "receiver": ("receiver", "webhooks"),
    "webhooks": ("webhooks", "receiver"),
    "client": ("client",),
    "telemetry": ("telemetry",),
}
"""Sections of harness.toml with the declarations of ``[target.absent]`` for which they do not exist."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One provider, one integration, one environment."""

    config: Configuration
    root: Path
    """Folder of harness.toml; relative paths in it start here."""
    summary: TargetSummary
    references: tuple[tuple[str, SecretRef], ...]
    """Every secret reference with its key."""

    @property
    def production(self) -> bool:
        """Whether faults, fuzzing and writes are refused."""
        return self.config.target.environment is Environment.PRODUCTION

    @property
    def ours(self) -> bool:
        """Whether the team can correct the provider; else it is a vendor's API."""
        return is_ours(self.config)

    @property
    def provider_counts(self) -> bool:
        """Whether what only the provider can correct counts in a gate."""
        return self.config.provider is None or self.ours

    @property
    def owner(self) -> ProviderOwner | None:
        """Whose the provider is, for the report; None where there is none."""
        provider = self.config.provider
        return ProviderOwner(ours=self.ours, declared=provider.ours is not None) if provider else None

    @property
    def fuzzed(self) -> bool:
        """Whether a gate sends generated requests: to a vendor's API only where ``[fuzz]`` asks for them."""
        return self.ours or self.config.fuzz is not None

    @property
    def probes(self) -> Probes:
        """What the requests that the harness makes up may do at the provider."""
        return probes_of(self.config)

    def missing(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the dotted ``keys`` that harness.toml does not set, as ``[section] key``."""
        return tuple(where_is(tuple(k.split("."))) for k in keys if not self._value(k))

    def absent(self, *parts: str) -> str:
        """Return the reason of ``[target.absent]`` for the first of ``parts`` that it declares; empty for none."""
        return next((reason for part in parts if (reason := getattr(self.config.target.absent, part))), "")

    def declared(self, keys: tuple[str, ...]) -> str:
        """Return the reason why a key is of no part that the integration has; empty where all may be set."""
        sections = (key.partition(".")[0] if not key.startswith("provider.webhooks") else "webhooks" for key in keys)
        return next((reason for name in sections if (reason := self.absent(*ABSENCES.get(name, ())))), "")

    def lacks(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """The former name of `missing`."""
        warnings.warn("`Target.lacks` is now called `Target.missing`.", DeprecationWarning, stacklevel=2)
        return self.missing(keys)

    def _value(self, dotted: str) -> Any:
        value: Any = self.config
        for key in dotted.split("."):
            value = getattr(value, key, None)
        return value

    @property
    def urls(self) -> list[str]:
        """Every URL at which harness.toml lets the target be called."""
        return [*(f"https://{host}" for host in self.config.cassettes.hosts), *self.config.called_urls()]

    def shown(self, path: Path) -> str:
        """Return a path as reports show it: relative to the target's folder where it is inside."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def files(self, *globs: str | None) -> list[Path]:
        """Return the files that ``globs`` name, starting at the target's folder unless absolute; sorted, each once.

        ``**`` goes into no folder that is a link: links may lead in a circle. A link that a glob names is followed.
        """
        return sorted({path for pattern in globs if pattern for path in _named(self.root, pattern) if path.is_file()})


def _named(root: Path, pattern: str) -> Iterator[Path]:
    """Return what a glob names, files and folders."""
    parts = [part if part == "**" else part.replace("**", "*") for part in Path(pattern).parts]
    if parts[-1:] == ["**"]:
        parts.append("*")
    start = root
    while parts and (Path(parts[0]).is_absolute() or not has_magic(parts[0])):
        start /= parts.pop(0)  # Path.glob takes no absolute path
    return start.glob("/".join(parts)) if parts else iter([start])


def load_target(directory: Path, *, expand: Callable[[str], str] = str, overlay: str | None = None) -> Target:
    """Read harness.toml in ``directory``, or its pyproject.toml, with ``harness.OVERLAY.toml`` over it if one is named.

    ``expand`` replaces the placeholders in every string (see `harness.process.run.Run.expand`).
    Raises `ConfigurationError` that names the file, the key, its line, and what to do next.
    """
    files = ConfigurationFiles(directory, overlay)
    references = tuple(_references(files.raw))
    with files.lines():
        expanded = mapped(files.raw, lambda value: expand(value) if isinstance(value, str) else value)
        referred = with_referred_urls(expanded, directory, files.names)
        config: Configuration = convert(with_client_preset(referred, files.names), Configuration, files.names)
        check_configuration(config, references, directory, files.names)
    return Target(
        config=config,
        root=directory.resolve(),
        references=references,
        summary=TargetSummary(
            name=config.target.name,
            environment=environment_of(config, files.names),
            config=files.names,
            config_digest=files.digest,
        ),
    )


def _references(raw: dict[str, Any]) -> Iterator[tuple[str, SecretRef]]:
    for path, text in leaves(raw):
        # A URL is no secret by itself: the user and password in it are, see `hide_credentials`.
        if isinstance(text, str) and not is_referred_url(path, text) and (ref := SecretRef.parse(text)):
            yield where_is(path), ref
