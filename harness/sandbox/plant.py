"""A target with a mistake in its files: laid out beside the real one, which stays as it is."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.sandbox.defects import Edit, Planted


class EditError(Exception):
    """A file that is not as the catalogue expects it."""


def run_afflicted(
    command: Sequence[str], target: Path, planted: Planted, document: tuple[str, Path] | None = None
) -> int:
    """Run ``command`` in a copy of the folder ``target`` that has the defects; return its exit status.

    ``document`` is a file that lies elsewhere, with its path in the copy.

    Raises `EditError` when a file cannot be changed as the catalogue describes.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        _link(target, Path(folder))
        if document and not (place := Path(folder, document[0])).exists():
            place.parent.mkdir(parents=True)
            place.symlink_to(document[1])
        for edit in planted.edits:
            plant(edit, Path(folder))
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, "SANDBOX_DEFECTS": ",".join(planted.names)})
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # Ctrl-C reached the command too; it cleans up
                continue


def plant(edit: Edit, folder: Path) -> None:
    """Change one file below ``folder``; links on the way to it become folders of links, so nothing else changes."""
    path = folder
    for name in Path(edit.file).parts[:-1]:
        path /= name
        _unlink_folder(path)
    path /= Path(edit.file).name
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text.count(edit.find) != 1:
        raise EditError(
            f"{edit.file} does not contain {edit.find!r} exactly once. Run in the folder of harness.toml; "
            "if the file has changed, change the row in defects.toml with it."
        )
    path.unlink()
    path.write_text(text.replace(edit.find, edit.replace), encoding="utf-8")


def _unlink_folder(path: Path) -> None:
    if not path.is_symlink():
        return
    real = path.resolve()
    path.unlink()
    path.mkdir()
    _link(real, path)


def _link(folder: Path, into: Path) -> None:
    for entry in folder.iterdir():
        (into / entry.name).symlink_to(entry)
