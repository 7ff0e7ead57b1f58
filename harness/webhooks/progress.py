"""What is shown during deliveries: a bar on a terminal, otherwise a line for each of the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.model import Delivery

LINES = 50
"""The number of acknowledged deliveries that are shown one by one, and likewise of the others."""


def result_line(delivery: Delivery) -> str:
    """Return the result of one delivery, in one line."""
    return f"{delivery.event}: {delivery.seen} in {delivery.seconds * 1000:.0f} ms"


class Lines:
    """Shows the first deliveries, and the first that were not acknowledged; the summary counts all."""

    def __init__(self, echo: Callable[[str], None]) -> None:
        self._echo = echo
        self._left = {True: LINES, False: LINES}

    def __call__(self, delivery: Delivery) -> None:
        """Show one, or note once that no more will be shown."""
        kind = delivery.acknowledged
        if self._left[kind] > 0:
            self._echo(result_line(delivery))
        elif self._left[kind] == 0:
            self._echo(f"... more {'acknowledged' if kind else 'other'} deliveries are counted below")
        self._left[kind] -= 1


@contextmanager
def bar(total: int) -> Iterator[Callable[[Delivery], None]]:
    """Show a bar that moves with each delivery, and above it those that were not acknowledged."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, refresh_per_second=5, transient=True) as progress:
        task = progress.add_task("delivering", total=total)
        lines = Lines(lambda text: progress.console.print(text, markup=False, highlight=False))

        def moved(delivery: Delivery) -> None:
            progress.advance(task)
            if not delivery.acknowledged:
                lines(delivery)

        yield moved
