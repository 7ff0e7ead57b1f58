"""harness.toml → `Target`: what is certified, read once, checked whole, with every secret still a reference."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from glob import glob
from pathlib import Path
from typing import Any

import msgspec

from harness.context.provider_rules import environment_of, is_ours, probes_of
from harness.core.pointers import leaves, mapped
from harness.errors import ConfigurationError, SecretError, nearest
from harness.model import ProviderOwner, SecretRef, TargetSummary
from harness.model.config import Configuration, Environment, Probes
from harness.model.signals import FAULTS
from harness.model.strict import check_keys, convert, where_is
from harness.secrets.detection.secret_names import looks_like_secret

CONFIG_NAME = "harness.toml"
# Free text, in which a word such as "key" names no secret, and keys that name a field or a header.
_NEVER_SECRET = ("reason", "remediation", "text", "header", "event_id", "event_type")


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
        """Return the files that ``globs`` name, starting at the target's folder unless absolute; sorted, each once."""
        # Path.glob takes no absolute ones.
        named = partial(glob, root_dir=self.root, recursive=True, include_hidden=True)
        return sorted({p for g in globs if g for f in named(g) if (p := self.root / f).is_file()})


def load_target(directory: Path, *, expand: Callable[[str], str] = str, overlay: str | None = None) -> Target:
    """Read ``harness.toml`` in ``directory``, laid over by ``harness.OVERLAY.toml`` when one is named.

    ``expand`` replaces the placeholders in every string (see `harness.process.run.Run.expand`).
    Raises `ConfigurationError` that names the file, the key, and what to do next.
    """
    files = [_existing(directory, CONFIG_NAME)]
    if overlay:
        files.append(_existing(directory, f"harness.{overlay}.toml"))
    raw: dict[str, Any] = {}
    for file in files:
        parsed = _parse(file)
        check_keys(parsed, Configuration, file.name)
        _check_literals(parsed, file.name)
        raw = _merged(raw, parsed)
    names = " + ".join(f.name for f in files)
    config: Configuration = convert(
        mapped(raw, lambda value: expand(value) if isinstance(value, str) else value), Configuration, names
    )
    references = tuple(_references(raw))
    _check_references(config, references, names)
    for check in (_check_faults, _check_absent, _check_waivers):
        check(config, names)
    _check_processes(config, directory, names)
    if malformed := config.malformed_url():  # the value is not repeated: it may hold a password
        raise ConfigurationError(
            f"{names}: {where_is(malformed)} is not a URL that can be called. Write http://HOST:PORT/PATH, or https."
        )
    return Target(
        config=config,
        root=directory.resolve(),
        references=references,
        summary=TargetSummary(
            name=config.target.name,
            environment=environment_of(config, names),
            config=names,
            config_digest=hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest(),
        ),
    )


def _existing(directory: Path, name: str) -> Path:
    path = directory / name
    if path.is_file():
        return path
    if name == CONFIG_NAME:
        raise ConfigurationError(
            f"{name} not found in {directory}. Run in the folder that holds it, or write one: the README shows "
            "the smallest that works, under 'Point it at your own API'."
        )
    overlays = sorted(p.name.split(".")[1] for p in directory.glob("harness.*.toml"))
    known = nearest(name.split(".")[1], overlays) if overlays else "There is no overlay beside harness.toml."
    raise ConfigurationError(f"{name} not found in {directory}, although --target names it. {known}")


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"{file.name} is not valid TOML: {exc}. Correct that line and run again.") from None


def _check_literals(raw: dict[str, Any], file: str) -> None:
    for path, text in leaves(raw):
        if isinstance(text, str) and path[-1] not in _NEVER_SECRET and looks_like_secret(path[-1], text):
            raise SecretError(
                f"{file}: {where_is(path)} looks like a literal secret. Put it into the environment "
                "or a file and refer to it as env:NAME or file:PATH. If it is a real secret, rotate it."
            )


def _references(raw: dict[str, Any]) -> Iterator[tuple[str, SecretRef]]:
    for path, text in leaves(raw):
        if isinstance(text, str) and (ref := SecretRef.parse(text)):
            yield where_is(path), ref


def _check_references(config: Configuration, references: tuple[tuple[str, SecretRef], ...], names: str) -> None:
    _check_fresh(config, references, names)
    _check_previous(config, references, names)


def _check_fresh(config: Configuration, references: tuple[tuple[str, SecretRef], ...], names: str) -> None:
    fresh = next((key for key, ref in references if ref.kind == "fresh"), None)
    if fresh and not config.process:
        raise SecretError(
            f"{names}: {fresh} is a fresh: secret, which only processes started by the harness can know. "
            "Add a [process.NAME] section, or refer to the secret as env:NAME or file:PATH."
        )


def _check_previous(config: Configuration, references: tuple[tuple[str, SecretRef], ...], names: str) -> None:
    credentials = {ref for key, ref in references if key.startswith("[provider] auth.")}
    for record in config.operations.secrets if config.operations else ():
        if record.previous and record.ref not in credentials:
            raise ConfigurationError(
                f"{names}: [operations] secrets: {record.ref} has a `previous`, but is not a credential of "
                "[provider] auth. The harness can test only of those that the old one is refused. Remove the key."
            )


def last_day_of_waivers(config: Configuration) -> dt.date:
    """Return the last day on which a waiver may end that is written today (UTC)."""
    within_d = min(config.target.waivers_within // 86_400, (dt.date.max - dt.date(3000, 1, 1)).days)
    return dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=within_d)


def _check_waivers(config: Configuration, names: str) -> None:
    last = last_day_of_waivers(config)
    for number, waiver in enumerate(config.waiver):
        if waiver.expires > last:
            raise ConfigurationError(
                f"{names}: {where_is(('waiver', str(number), 'expires'))} is {waiver.expires}, later than {last}: gaps "
                'are accepted for a year. Name an earlier day, or allow more: [target] waivers_within = "730d".'
            )


def _check_absent(config: Configuration, names: str) -> None:
    """Refuse a declaration that the rest of the configuration contradicts."""
    webhooks = config.provider.webhooks if config.provider else None
    contradictions = (
        ("receiver", "[receiver]", config.receiver),
        ("webhooks", "[receiver]", config.receiver),
        ("webhooks", "[provider.webhooks]", webhooks),
        ("client", "[client]", config.client),
        ("telemetry", "[telemetry]", config.telemetry),
    )
    for part, section, present in contradictions:
        if present is not None and getattr(config.target.absent, part):
            raise ConfigurationError(
                f"{names}: [target.absent] {part} declares that the integration has none, and {section} describes it. "
                "Remove one of the two."
            )


def _check_processes(config: Configuration, directory: Path, names: str) -> None:
    """Refuse a folder that does not exist, and commands that would stop a receiver in production."""
    if config.receiver and config.receiver.stop and config.target.environment is Environment.PRODUCTION:
        raise ConfigurationError(
            f"{names}: [receiver] stop: the environment is production, where the harness stops nothing. "
            "Remove stop and start, or run on staging."
        )
    for name, process in config.process.items():
        if process.cwd and not (directory / process.cwd).is_dir() and "{" not in process.cwd:  # a placeholder
            raise ConfigurationError(
                f"{names}: {where_is(('process', name, 'cwd'))}: {process.cwd!r} is not a folder. "
                "Write its path relative to the folder of harness.toml."
            )


def _check_faults(config: Configuration, names: str) -> None:
    telemetry = config.telemetry
    if telemetry is None:
        return
    for fault in telemetry.shown_by:
        _require_fault(fault, f"{names}: {where_is(('telemetry', 'shown_by'))}")
    for alert, cause in telemetry.alerts.fires.items() if telemetry.alerts else ():
        where = f"{names}: {where_is(('telemetry', 'alerts', 'fires', alert))}"
        if isinstance(cause, str):
            _require_fault(cause, where, " A command is a list: its program, then its arguments.")
        elif not cause:
            raise ConfigurationError(f"{where}: the command is empty. List its program, then its arguments.")


def _require_fault(fault: str, where: str, hint: str = "") -> None:
    if fault not in FAULTS:
        raise ConfigurationError(f"{where}: {fault!r} is not a fault. {nearest(fault, FAULTS)}{hint}")


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``over`` laid on it: tables key by key, everything else replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result
