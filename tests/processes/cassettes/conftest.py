"""Several processes that do something to cassettes at the same moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

PROCESSES = 6


def at_once(work: Callable[[int, Callable[[], object]], None]) -> None:
    """Run ``work(number, ready)`` in several processes; ``ready()`` returns when all have called it."""
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(PROCESSES).wait
    processes = [context.Process(target=work, args=(number, ready)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)

    assert [process.exitcode for process in processes] == [0] * PROCESSES
