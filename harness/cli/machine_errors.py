"""What the machine refuses to any command: no space, no right to write, no further file."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from contextlib import suppress

_SPACE = "Free space there, or choose another place"
_ADVICE: Mapping[int, str] = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: "Raise the limit of the size of files: ulimit -f unlimited",
    errno.EROFS: "Choose another place",
    errno.EACCES: "Allow this user to use it, or choose another place",
    errno.EPERM: "Allow this user to use it, or choose another place",
    errno.EIO: "Look at the disk, or choose another place",
    errno.EMFILE: "Raise the limit of open files: ulimit -n 1024",
    errno.ENFILE: "End other programs, or raise the system's limit of open files",
}
_NO_TEMPORARY_FOLDER = "No usable temporary directory"
"""How `tempfile` begins where every such folder is full or closed."""


def machine_error(exc: BaseException) -> str:
    """Return a sentence for what the machine refused, with what to do; empty for any other error."""
    if not isinstance(exc, OSError) or exc.errno is None:
        return ""
    if exc.errno == errno.ENOENT and str(exc.strerror).startswith(_NO_TEMPORARY_FOLDER):
        return f"{exc.strerror}. Free space in one of them, or set TMPDIR to a folder on another disk."
    if exc.errno not in _ADVICE or exc.strerror != os.strerror(exc.errno):  # the words of others have their reason
        return ""
    from tempfile import gettempdir

    named = isinstance(exc.filename, str | bytes)
    place = os.fsdecode(exc.filename) if named else f"What is printed, or stored here or in {gettempdir()}"
    return f"{place}: {exc.strerror}. {_ADVICE[exc.errno]}, and run the command again."


def drop_unwritable() -> None:
    """Let go of what a full standard stream did not take, which would fail once more as Python ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
