"""Orphans of a killed process: adopted by this one, and ended."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans of our descendants become our children, not init's
WITHIN_S = 5.0
POLL_S = 0.02


@contextmanager
def reap_orphans() -> Iterator[None]:
    """End every process that descends from this one when the block is left.

    On Linux that includes what a killed descendant left behind; elsewhere such orphans go to init, out of reach.
    """
    adopts = _adopt_orphans(adopt=True)
    try:
        yield
    finally:
        _end_descendants()
        if adopts:
            _adopt_orphans(adopt=False)


def _adopt_orphans(*, adopt: bool) -> bool:
    """Become, or cease to be, the parent of orphaned descendants; return whether the system knows of that."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0) == 0)


def _end_descendants() -> None:
    """Kill and reap until no descendant is left: the children of each that dies become ours."""
    import psutil  # takes a while to import, and is needed at the end of a run alone

    deadline = time.monotonic() + WITHIN_S
    while (descendants := psutil.Process().children(recursive=True)) and time.monotonic() < deadline:
        for process in descendants:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(descendants, timeout=POLL_S)
