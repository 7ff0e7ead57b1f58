"""Writes files all together or not at all, and over none that is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.core.files import write_atomically
from harness.core.foreign_files import read_file
from harness.errors import ConfigurationError

IGNORED = ("reports/", ".harness/")
"""What a run writes, for .gitignore."""


def write_all(root: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write new files below ``root`` and add `IGNORED` to .gitignore; return what was written.

    Raises `ConfigurationError` where one is there already or cannot be written; then nothing has changed.
    """
    if there := [name for name in files if (root / name).exists()]:
        raise ConfigurationError(
            f"{', '.join(there)}: there already, and nothing is overwritten. Move it away, or begin in another folder."
        )
    written: list[Path] = []
    folders: list[Path] = []
    try:
        for name, content in files.items():
            path = root / name
            missing = [folder for folder in path.parents if not folder.exists()]
            path.parent.mkdir(parents=True, exist_ok=True)
            folders += reversed(missing)
            written.append(path)
            path.write_bytes(content)
        _ignore(root / ".gitignore")
    except OSError as exc:
        for path in reversed(written):
            path.unlink(missing_ok=True)
        for folder in reversed(folders):
            folder.rmdir()
        raise ConfigurationError(
            f"{exc.filename or root}: cannot be written: {exc.strerror}. Nothing was written; choose another folder."
        ) from None
    return tuple(written)


def _ignore(path: Path) -> None:
    before = read_file(path) if path.is_file() else b""
    lines = [line.encode() for line in IGNORED if line.encode() not in before.splitlines()]
    if lines:
        end = b"\r\n" if b"\r\n" in before else b"\n"
        gap = b"" if not before or before.endswith(b"\n") else end
        write_atomically(path, before + gap + b"".join(line + end for line in lines))
