"""One user of a folder at a time: a lock that ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import ConfigurationError

LOCK = ".gate.lock"
"""The file that is locked; it stays, because only the lock on it counts."""


@contextmanager
def locked_folder(folder: Path, option: str) -> Iterator[int]:
    """Lock ``folder`` for the time of the block; make it first where it does not exist.

    Gives the descriptor that holds the lock (flock(2)): a child that inherits it holds the lock too, so that a gate
    that was killed does not free the folder while its tests still run. A file that a dead process left locks nothing.
    Raises `ConfigurationError` that names ``option``, which chooses the folder, where another process holds it or where
    nothing can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as exc:
        raise ConfigurationError(
            f"{option}: cannot write to {folder}: {exc.strerror}. Choose another folder."
        ) from None
    try:
        _lock(descriptor, folder, option)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, option: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        raise ConfigurationError(
            f"Another gate{f' (process {holder})' if holder else ''} is running and writes to {folder}. Wait until it "
            f"has ended, or choose another folder with {option} DIR."
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
