"""Whatever may lie where a file is expected, and what is said of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

LARGE = 100 << 20


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def terminal(path: Path) -> None:
    path.symlink_to("/dev/ptmx")


def folder(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.with_name("round").symlink_to("round")
    path.symlink_to("round")


def broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


def large(path: Path) -> None:
    """Take no place on the disk."""
    path.touch()
    os.truncate(path, LARGE)


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


HOSTILE_FILES: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (pipe, "it is a named pipe, not a file"),
    "device": (device, "it is a device, not a file"),
    "terminal": (terminal, "it is a device, not a file"),
    "socket": (listening, "it is a socket, not a file"),
    "folder": (folder, "Is a directory"),
    "loop": (loop, "Too many levels of symbolic links"),
    "link": (broken_link, "No such file or directory"),
}
