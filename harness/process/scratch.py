"""Scratch folders: each is locked by the process that made it, and the next run removes what a killed one left.

Beside a folder ``harness-NAME`` lies the file ``harness-NAME.owner``, which its owner keeps locked (flock(2)) as long
as it lives: the folder itself is empty at first, as some programs require. Folders without such a file are not ours.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX, OWNER = "harness-", ".owner"
_locks: dict[str, int] = {}
"""Descriptors of the locks that this process holds, by the folder."""


def make() -> str:
    """Make an empty folder that only this user can read, for as long as this process lives; raises OSError."""
    while True:
        descriptor, owner = tempfile.mkstemp(prefix=PREFIX, suffix=OWNER)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # else another run has removed it before it was locked
            break
        os.close(descriptor)
    folder = owner.removesuffix(OWNER)
    try:
        Path(folder).mkdir(0o700)
    except OSError:
        Path(owner).unlink()
        os.close(descriptor)
        raise
    _locks[folder] = descriptor
    return folder


def remove(folder: str) -> None:
    """Remove a folder of this process with all that is in it, as far as that can be removed."""
    _remove(Path(folder))
    if (descriptor := _locks.pop(folder, None)) is not None:
        os.close(descriptor)


def remove_abandoned(parent: Path | None = None) -> None:
    """Remove the folders in ``parent``, by default where new ones are made, whose owners have ended."""
    try:
        owners = sorted((parent or Path(tempfile.gettempdir())).glob(f"{PREFIX}*{OWNER}"))
    except OSError:
        return
    for owner in owners:
        with suppress(OSError):
            _remove_unless_locked(owner)


def _remove_unless_locked(owner: Path) -> None:
    descriptor = os.open(owner, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if status.st_uid == os.getuid() and status.st_nlink == 1:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(owner.with_suffix(""))
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    """Remove a folder, then the file beside it, without which no later run would try again."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir() and not folder.is_symlink():  # some programs make folders that nothing can be removed from
        for path, _, _ in os.walk(folder):
            with suppress(OSError):
                Path(path).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
    if not folder.is_dir():
        Path(f"{folder}{OWNER}").unlink(missing_ok=True)
