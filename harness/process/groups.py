"""Process groups: signals to all processes of one, and which of them live."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

_PROC = Path("/proc")
_STATE, _GROUP, _THREADS = 0, 2, 17
_ENDED = ("Z", "X", "x")
"""States of a process that has ended, though its parent may never ask how (proc_pid_stat(5))."""


def signal_group(pid: int, number: int) -> bool:
    """Send a signal to the group, 0 for none; False when no process is left in it, not even one that has ended."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    return True


def group_lives(leader: int) -> bool:
    """Whether a process of the group still runs.

    One that has ended and whose parent has not asked how does not count: where its parent was killed, nobody may ever.
    """
    if not signal_group(leader, 0):
        return False
    return not has_proc() or any(group_members(leader))


def await_end(leader: int, others: Collection[int], *, until: float, poll_s: float) -> None:
    """Wait until no process of the group and none of ``others`` runs, at most until a time of the monotonic clock."""
    while (group_lives(leader) or any(map(_lives, others))) and time.monotonic() < until:
        time.sleep(poll_s)


def group_members(leader: int) -> Iterator[int]:
    """Yield the processes of a group that run; only where the system has /proc."""
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            fields = stat_fields(int(folder.name))
            if fields[_GROUP : _GROUP + 1] == [str(leader)] and not _has_ended(fields):
                yield int(folder.name)


def stat_fields(pid: int) -> list[str]:
    """Return the fields of proc_pid_stat(5) from the third on; none for a process that is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _has_ended(fields: list[str]) -> bool:
    """Whether a process with these fields has ended, with all its threads: one may still hold its sockets."""
    return not fields or (fields[_STATE] in _ENDED and int(fields[_THREADS]) <= 1)


def has_proc() -> bool:
    """Whether the system reports its processes in /proc."""
    return (_PROC / "self" / "stat").is_file()


def _lives(pid: int) -> bool:
    if has_proc():
        fields = stat_fields(pid)
        return not _has_ended(fields)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
