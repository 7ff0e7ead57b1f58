"""Orphans of a killed process: adopted by this one, reaped when they end, and ended with it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from harness.process.guardian import MARK, NOBODY

if TYPE_CHECKING:
    import psutil

_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans of our descendants become our children, not init's
WITHIN_S = 5.0
POLL_S = 0.02


@contextmanager
def reap_orphans() -> Iterator[None]:
    """End every process that descends from this one when the block is left, but those that are to outlive it.

    On Linux that includes what a killed descendant left behind; elsewhere such orphans go to init, out of reach.
    """
    adopts = _adopt_orphans(adopt=True)
    try:
        yield
    finally:
        _end_descendants()
        if adopts:
            _adopt_orphans(adopt=False)


def wait_and_reap(child: subprocess.Popen[bytes]) -> int:
    """Return the exit status of a child; meanwhile nothing that ends after this process adopted it stays a zombie.

    Only where this process has no other child of its own: whatever else ends is an orphan whose status nobody asks for.
    """
    if sys.platform != "linux":
        return child.wait()
    with suppress(ChildProcessError):  # where SIGCHLD is ignored, the system reaps
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)) and ended.si_pid != child.pid:
            os.waitpid(ended.si_pid, 0)
    return child.wait()


def _adopt_orphans(*, adopt: bool) -> bool:
    """Become, or cease to be, the parent of orphaned descendants; return whether the system knows of that."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0) == 0)


def _end_descendants() -> None:
    """Kill and reap until no descendant is left: the children of each that dies become ours."""
    import psutil  # takes a while to import, and is needed at the end of a run alone

    deadline = time.monotonic() + WITHIN_S
    while (descendants := _that_end_with_us()) and time.monotonic() < deadline:
        for process in descendants:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(descendants, timeout=POLL_S)


def _that_end_with_us() -> list[psutil.Process]:
    """Return all descendants but those that were started to outlive the harness, and what these have started."""
    import psutil

    outliving: set[int] = set()
    ending = []
    for process in psutil.Process().children(recursive=True):  # each after its parent
        try:
            outlives = process.ppid() in outliving or process.environ().get(MARK) == NOBODY != os.environ.get(MARK)
        except psutil.Error:  # it has ended, or belongs to another user
            outlives = False
        if outlives:
            outliving.add(process.pid)
        else:
            ending.append(process)
    return ending
