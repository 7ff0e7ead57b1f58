"""Atomic files: a reader finds either the old content or all of the new."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

PUBLIC = 0o644
"""Mode of what others may read, such as reports and cassettes."""
PRIVATE = 0o600
"""Mode of what this user alone may read."""


def write_atomically(path: Path, content: bytes, *, mode: int | None = None, durable: bool = False) -> None:
    """Replace the content of the file ``path``, or leave everything as it was.

    A link is followed. Without ``mode`` the file keeps the mode it has, and a new one is `PUBLIC`. ``durable`` waits
    until the content is on the disk, so that it outlives a crash of the machine. The folder must be there.

    Raises OSError, which names the file, where it cannot be written; a pipe or a device is not replaced.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise FileExistsError(errno.EEXIST, "it is not a regular file", str(path))
    if mode is None:
        mode = target.stat().st_mode & 0o7777 if target.is_file() else PUBLIC
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.", suffix=".part")
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        part.chmod(mode)  # mkstemp makes it private
        part.replace(target)
    except BaseException as exc:
        if part:
            part.unlink(missing_ok=True)
        if isinstance(exc, OSError):
            exc.filename = str(path)  # and not the part, whose name means nothing to anybody
        raise
    if durable:
        _sync(target.parent)


def _sync(folder: Path) -> None:
    """Wait until the folder's entries are on the disk: the new name is one of them (fsync(2))."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
