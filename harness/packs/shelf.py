"""Finds packs, their events and presets of clients: each folder beside this module is a vendor's."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

from harness.errors import ConfigurationError, nearest
from harness.model.strict import convert
from harness.packs.pack import ClientPreset, Pack

_ENDINGS = frozenset({".json", ".http"})


def pack_names() -> tuple[str, ...]:
    """Return the names of all packs, in alphabetical order."""
    return _vendors_with("pack.toml")


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets of `[client] policy`, in alphabetical order."""
    return _vendors_with("client.toml")


@cache
def preset_named(name: str) -> ClientPreset:
    """Return one of `preset_names`."""
    text = (_shelf() / name / "client.toml").read_text(encoding="utf-8")
    preset: ClientPreset = convert(tomllib.loads(text), ClientPreset, name)
    return preset


@cache
def pack_named(name: str, where: str) -> Pack:
    """Return a pack; raises `ConfigurationError` with ``where`` it is named, and the nearest name."""
    if name not in pack_names():
        raise ConfigurationError(f"{where}: there is no pack for {name!r}. {nearest(name, pack_names())}")
    return read_pack(_shelf() / name / "pack.toml")


def known_pack(name: str | None) -> Pack | None:
    """Return the pack of a vendor; None where it has none, or no vendor is named."""
    return pack_named(name, "") if name in pack_names() else None


def read_pack(path: Path) -> Pack:
    """Read one pack.toml; raises `ConfigurationError` for a key that is missing or that nothing reads."""
    pack: Pack = convert(tomllib.loads(path.read_text(encoding="utf-8")), Pack, path.parent.name)
    return pack


def events_of(name: str) -> dict[str, Path]:
    """Return the fixtures of a pack by the name of the event, such as ``orders/create``."""
    folder = _shelf() / name / "events"
    found = sorted(path for path in folder.rglob("*") if path.suffix in _ENDINGS)
    return {str(path.relative_to(folder))[: -len(path.suffix)]: path for path in found}


def pack_of_scheme(scheme: str) -> str:
    """Return the name of the first pack whose deliveries have a scheme; empty where none has."""
    return next((name for name in pack_names() if pack_named(name, "").scheme == scheme), "")


def _vendors_with(file: str) -> tuple[str, ...]:
    return tuple(sorted(folder.name for folder in _shelf().iterdir() if (folder / file).is_file()))


def _shelf() -> Path:
    return Path(str(resources.files("harness.packs")))
