"""Several runs of the client at once."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")

STARTS_A_CORE = 2
"""Runs that start at once for each core, or belong to one case."""
CASES_A_CORE = 4
"""Cases whose runs are made at once for each core: most of a run only waits."""


def for_each_core(number: int) -> int:
    """Return that number for each core that this process may use."""
    return number * len(os.sched_getaffinity(0))


class StartTurns:
    """Lets few runs start at once: to start takes processor time, and what follows mostly waits."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(for_each_core(STARTS_A_CORE))

    @contextmanager
    def turn(self) -> Iterator[Callable[[], None]]:
        """Wait for the turn of a run that is started in the block; what is yielded ends the turn before the block."""
        self._free.acquire()
        not_ended = [self._free.release]

        def end() -> None:
            with suppress(IndexError):
                not_ended.pop()()

        try:
            yield end
        finally:
            end()


def side_by_side(works: Sequence[Callable[[], T]], *, several: bool) -> list[T]:
    """Do all works, ``several`` of them at once; return their results in order."""
    at_once = min(for_each_core(STARTS_A_CORE), len(works)) if several else 1
    if at_once <= 1:
        return [work() for work in works]
    with ThreadPoolExecutor(at_once, thread_name_prefix="client-run") as pool:
        futures = [pool.submit(contextvars.copy_context().run, work) for work in works]
        return [future.result() for future in futures]
