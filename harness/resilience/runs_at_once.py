"""Several runs at once."""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

RUNS_A_CORE = 2
"""Runs at once for each core: most of a run only waits."""


def side_by_side(works: Sequence[Callable[[], T]], *, several: bool) -> list[T]:
    """Do all works, ``several`` of them at once; return their results in order."""
    at_once = RUNS_A_CORE * len(os.sched_getaffinity(0)) if several else 1
    if min(at_once, len(works)) <= 1:
        return [work() for work in works]
    with ThreadPoolExecutor(min(at_once, len(works)), thread_name_prefix="client-run") as pool:
        futures = [pool.submit(contextvars.copy_context().run, work) for work in works]
        return [future.result() for future in futures]
