"""The files of a configuration: harness.toml, or ``[tool.harness]`` of pyproject.toml, and its overlay.

They are read, merged, and searched for the line of a key.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness.core.configuration_home import configuration_file, in_words_of, not_found, section_of
from harness.core.foreign_files import MAX_TEXT, as_text, read_file
from harness.core.pointers import leaves
from harness.core.toml import UnreadableTomlError, read_toml
from harness.core.toml_lines import line_of
from harness.errors import ConfigurationError, SecretError, nearest
from harness.model.config import Configuration
from harness.model.filled import check_filled
from harness.model.strict import check_keys, where_is
from harness.model.struct_types import identity_of, inside
from harness.secrets.detection.secret_names import looks_like_secret

# Free text, in which a word such as "key" names no secret, and keys that name a field or a header.
_NEVER_SECRET = ("reason", "remediation", "text", "header", "event_id", "event_type")


class _File(NamedTuple):
    path: Path
    content: bytes
    text: str
    raw: dict[str, Any]
    """What describes the target; all but its own section of a pyproject.toml is left out."""


class ConfigurationFiles:
    """harness.toml in a folder, with the overlay that is laid over it."""

    def __init__(self, directory: Path, overlay: str | None) -> None:
        """Raises `ConfigurationError` for a file that is missing, is not TOML, or has a key that nothing reads."""
        paths = [_base(directory)]
        if overlay:
            paths.append(_overlay(directory, overlay))
        self.names = " + ".join(path.name for path in paths)
        self._files: list[_File] = []
        self.raw: dict[str, Any] = {}
        """What they give together."""
        for path in paths:
            file = _read(path)
            with ConfigurationFiles._lines([file], file.raw):
                _check(file)
            self._files.append(file)
            self.raw = _merged(self.raw, file.raw, Configuration)
        self.digest = hashlib.sha256(b"".join(file.content for file in self._files)).hexdigest()
        """SHA-256 of the files, hexadecimal."""

    def lines(self) -> AbstractContextManager[None]:
        """Return a block that adds the line to a `ConfigurationError` about a key of these files."""
        return self._lines(self._files, self.raw)

    @staticmethod
    @contextmanager
    def _lines(files: Sequence[_File], merged: dict[str, Any]) -> Iterator[None]:
        try:
            yield
        except ConfigurationError as exc:
            place = _place(files, merged, exc.key) if exc.key else ""
            text = in_words_of(files[0].path, str(exc))
            if not place and text == str(exc):
                raise
            raise type(exc)(f"{text} ({place})" if place else text, key=exc.key) from None


def _place(files: Sequence[_File], merged: dict[str, Any], key: tuple[str, ...]) -> str:
    """Return the last file that has a key, and its line there, as ``harness.toml:12``; of the table around it else.

    Empty where no file has any of it. An index in ``key`` counts in ``merged``.
    """
    for length in range(len(key), 0, -1):
        for file in reversed(files):
            steps = _same(merged, file.raw, key[:length])
            if steps and (line := line_of(file.text, (*section_of(file.path), *steps))):
                return f"{file.path.name}:{line}"
    return ""


def _base(directory: Path) -> Path:
    if path := configuration_file(directory):
        return path
    raise ConfigurationError(not_found(directory))


def _overlay(directory: Path, overlay: str) -> Path:
    path = directory / f"harness.{overlay}.toml"
    if os.path.lexists(path):
        return path
    overlays = sorted(p.name.split(".")[1] for p in directory.glob("harness.*.toml"))
    known = nearest(overlay, overlays) if overlays else "There is no overlay beside harness.toml."
    raise ConfigurationError(f"{path.name} not found in {directory}, although --target names it. {known}")


def _read(path: Path) -> _File:
    try:
        content = read_file(path, MAX_TEXT)
        text = as_text(content)
        raw = read_toml(text)
        for step in section_of(path):
            raw = raw[step]
        return _File(path, content, text, raw)
    except OSError as exc:
        raise ConfigurationError(
            f"{path.name} in {path.parent} cannot be read: {exc.strerror}. Write a file of TOML there."
        ) from None
    except (UnreadableTomlError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"{path.name} is not valid TOML: {exc}. Correct that line and run again.") from None


def _check(file: _File) -> None:
    check_keys(file.raw, Configuration, file.path.name)
    check_filled(file.raw, Configuration, file.path.name)
    for steps, text in leaves(file.raw):
        if isinstance(text, str) and steps[-1] not in _NEVER_SECRET and looks_like_secret(steps[-1], text):
            raise SecretError(
                f"{file.path.name}: {where_is(steps)} looks like a literal secret. Put it into the environment "
                "or a file and refer to it as env:NAME or file:PATH. If it is a real secret, rotate it.",
                key=steps,
            )


def _merged(base: dict[str, Any], over: Mapping[str, Any], expected: Any) -> dict[str, Any]:
    """Return ``base`` with ``over`` laid on it: tables key by key, lists of tables by their ids, all else replaced."""
    result = dict(base)
    for key, value in over.items():
        old, kind = result.get(key), inside(expected, key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = _merged(old, value, kind)
        elif isinstance(old, list) and isinstance(value, list) and value:  # an empty list takes all away
            result[key] = _merged_list(old, value, inside(kind, "0"))
        else:
            result[key] = value
    return result


def _merged_list(base: list[Any], over: list[Any], expected: Any) -> list[Any]:
    """Return ``over``, after what it does not replace of ``base`` where the tables have ids."""
    if identity_of(over[0], expected) is None:
        return over
    result = list(base)
    for table in over:
        same = next((n for n, old in enumerate(base) if _equal(old, table, expected)), None)
        if same is None:
            result.append(table)
        else:
            result[same] = _merged(result[same], table, expected)
    return result


def _equal(old: Any, new: Any, expected: Any) -> bool:
    return identity_of(old, expected) == identity_of(new, expected)


def _same(merged: Any, own: Any, key: tuple[str, ...]) -> tuple[str, ...]:
    """Return where one file has what stands at ``key`` in all of them together; empty where it does not."""
    steps, kind = list[str](), Configuration
    for step in key:
        kind = inside(kind, step)
        if isinstance(own, list) and isinstance(merged, list):
            if not int(step) < len(merged):
                return ()
            table = merged[int(step)]
            if identity_of(table, kind) is not None:
                step = str(next((n for n, each in enumerate(own) if _equal(each, table, kind)), len(own)))  # noqa: PLW2901
            merged, own = table, own[int(step)] if int(step) < len(own) else None
        elif isinstance(own, dict) and isinstance(merged, dict) and step in own:
            merged, own = merged.get(step), own[step]
        else:
            return ()
        steps.append(step)
    return tuple(steps) if own is not None else ()
