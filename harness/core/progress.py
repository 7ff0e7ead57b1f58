"""Progress of long work: a bar with the time that is left in a terminal, and a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, TypeVar

from harness.core.dates import in_words
from harness.core.shown_text import visible

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
LINE_EVERY_S = 10.0
"""Seconds between two lines where there is no terminal: silence looks like a hang."""


class Bar:
    """A bar in a terminal, above which lines can be printed."""

    def __init__(self, progress: Progress, title: str, total: int | None) -> None:
        """``total`` is the number of steps, None where it is not known."""
        self._progress = progress
        self._task = progress.add_task(visible(title), total=total)

    def advance(self) -> None:
        """Count one step as done."""
        self._progress.advance(self._task)

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self._progress.console.print(visible(text), markup=False, highlight=False)


@contextmanager
def bar(title: str, total: int | None, *, file: TextIO) -> Iterator[Bar]:
    """Show a bar in the terminal ``file`` for the length of the block; it leaves nothing behind."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    counted = (MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("left")) if total is not None else ()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), *counted)
    console = Console(file=file)
    with Progress(*columns, console=console, refresh_per_second=5, transient=True) as progress:
        yield Bar(progress, title, total)


@contextmanager
def waiting(title: str) -> Iterator[None]:
    """Show in a terminal that one step of unknown length goes on, on stderr; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield
        return
    with bar(title, None, file=sys.stderr):
        yield


def tracked(things: Collection[T], title: str) -> Iterator[T]:
    """Yield each of ``things``, and show on stderr how many are done and how long the rest may take."""
    if sys.stderr.isatty():
        with bar(title, len(things), file=sys.stderr) as shown:
            for thing in things:
                yield thing
                shown.advance()
        return
    lines = PlainLines(f"{title}:", len(things), lambda text: sys.stderr.write(f"{visible(text)}\n"))
    for thing in things:
        yield thing
        lines.advance()


class PlainLines:
    """Prints how far long work is, where there is no terminal, or where other output goes to it."""

    def __init__(
        self,
        title: str,
        total: int,
        echo: Callable[[str], object],
        *,
        every_s: float = LINE_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The time begins to count now; ``title`` stands before the number of the step, of ``total``."""
        self._title = title
        self._total = total
        self._echo = echo
        self._every_s = every_s
        self._clock = clock
        self._begun = self._last = clock()
        self._done = 0

    def advance(self) -> None:
        """Count one step as done, and print a line if the last one is ``every_s`` old."""
        self._done += 1
        now = self._clock()
        if now - self._last < self._every_s or self._done >= self._total:
            return
        self._last = now
        left_s = (now - self._begun) / self._done * (self._total - self._done)
        self._echo(f"{self._title} {self._done} of {self._total}, about {in_words(left_s)} left")
