"""What a killed process leaves running: adopted by the caller, and ended."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans of our descendants become our children, not init's
WITHIN_S = 5.0
POLL_S = 0.02


@contextmanager
def reap_orphans() -> Iterator[None]:
    """End every process that is still a child of this one, or becomes one, when the block is left.

    On Linux; elsewhere a killed child's own children are out of reach, and nothing is done.
    """
    if sys.platform != "linux" or ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        yield
        return
    try:
        yield
    finally:
        _end_children()
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _end_children() -> None:
    """Kill and reap until nobody is left: each that dies hands its own children over."""
    deadline = time.monotonic() + WITHIN_S
    while (children := _children()) and time.monotonic() < deadline:
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(POLL_S)


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()]
