"""Files that others name, read to a bound: a pipe, a device or a file that grows neither stops nor floods a run.

Whatever cannot be read raises OSError, whose ``strerror`` is the reason, as the end of "FILE cannot be read: …".
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 64 << 20
"""Of any file that is read as a whole."""
MAX_TEXT = 1 << 20
"""Of a file that people write."""
_KINDS = {
    stat.S_IFIFO: "it is a named pipe, not a file",
    stat.S_IFSOCK: "it is a socket, not a file",
    stat.S_IFCHR: "it is a device, not a file",
    stat.S_IFBLK: "it is a device, not a file",
}
_HOW = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
"""A pipe without a writer would make its reader wait."""


def open_file(path: Path) -> BinaryIO:
    """Open a file to read its bytes; raises OSError for whatever is no file."""
    _check(path.stat())  # to open a device can do something
    file = os.fdopen(os.open(path, _HOW), "rb")
    try:
        _check(os.fstat(file.fileno()))
    except OSError:
        file.close()
        raise
    return file


def read_file(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return the content of a file; raises OSError, also for one of more than ``limit`` bytes."""
    with open_file(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {shown_size(limit)}")
    return content


def read_text(path: Path, limit: int = MAX_TEXT) -> str:
    """Return the text of a file in UTF-8; raises what `read_file` does, and UnicodeDecodeError."""
    return as_text(read_file(path, limit))


def as_text(content: bytes) -> str:
    """Return the text of a file in UTF-8 with line feeds for all breaks of lines; raises UnicodeDecodeError."""
    return content.decode().replace("\r\n", "\n").replace("\r", "\n")


def pieces_of(path: Path, size: int) -> Iterator[bytes]:
    """Yield a file in pieces of ``size`` bytes, up to where it ended when it was opened: a log may grow without end."""
    with open_file(path) as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0 and (piece := file.read(min(size, left))):
            left -= len(piece)
            yield piece


def real_path(path: Path) -> Path:
    """Return where links lead; those in a circle lead to themselves, where `Path.resolve` of Python 3.11 raises."""
    return Path(os.path.realpath(path))


def shown_size(limit: int) -> str:
    """Return a number of bytes as it is read best."""
    return f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit:,} bytes"


def _check(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, _KINDS.get(stat.S_IFMT(found.st_mode), "it is no file"))
