"""Reads around each window of an exercise what operators could see: log files, metrics, and afterwards spans."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO

from harness.core.foreign_files import open_file
from harness.errors import ProbeError
from harness.model.signals import Signal
from harness.telemetry.signals.fault_window import GoodTraffic, Window, good_traffic, shown
from harness.telemetry.signals.moved_series import Moved, SeriesWatch
from harness.telemetry.spans import ObservedSpan

MAX_LOG_BYTES = 4 * 1024 * 1024
"""Of one log in one window; what follows is not read."""
MAX_LINE_BYTES = 64 * 1024
"""Of a line that is being written."""

Scrape = Callable[[], str | None]
"""Returns the text of the metrics, None where the endpoint does not answer with them."""
Spans = Callable[[int, int], Sequence[ObservedSpan]]
"""Returns the spans that started between two times, in nanoseconds of Unix time."""


class Mark:
    """The beginning of a window, and its end once it is closed."""

    def __init__(self, sizes: dict[Path, int]) -> None:
        """``sizes`` are those of the logs in bytes, up to their last whole line."""
        self.sizes = sizes
        self.series = SeriesWatch()
        self.began = time.time()
        self.ended: float | None = None
        self.logs: dict[str, str] | None = None


class Observer:
    """Reads what one target shows; None for what it does not have."""

    def __init__(
        self,
        *,
        logs: Callable[[], Mapping[str, Path]] | None,
        scrape: Scrape | None,
        spans: Spans | None,
        redact: Callable[[str], str],
    ) -> None:
        """``logs`` returns the log files by name, of which some may not exist.

        ``redact`` removes secrets from what is shown.
        """
        self._logs = logs
        self._scrape = scrape
        self._spans = spans
        self.redact = redact
        self._good: tuple[Mark, GoodTraffic] | None = None
        places = ((Signal.LOG, logs), (Signal.METRIC, scrape), (Signal.SPAN, spans))
        self.observed = frozenset(signal for signal, source in places if source is not None)
        """What this target shows at all."""

    def mark(self) -> Mark:
        """Begin a window."""
        mark = Mark({path: _whole_bytes(path) for path in self._files().values()})
        self.sample(mark)
        return mark

    def close(self, mark: Mark) -> None:
        """End a window."""
        self.sample(mark)
        mark.logs = self._written(mark)
        mark.ended = time.time()

    def shown(self, mark: Mark, good: Mark) -> frozenset[Signal]:
        """Return which of logs and metrics show by now what good traffic did not."""
        self.sample(mark)
        known = self._known(good)
        so_far = Window(logs=self._written(mark), moved=self._moved(mark))
        return frozenset(signal for signal, texts in shown(so_far, known, self.redact).items() if texts)

    def window(self, mark: Mark, alerts: tuple[str, ...] | None) -> Window:
        """Return a closed window, with the spans that started in it; ``alerts`` are given from outside."""
        assert mark.ended is not None
        spans = self._spans(int(mark.began * 1e9), int(mark.ended * 1e9)) if self._spans else None
        return Window(
            logs=mark.logs, moved=self._moved(mark), spans=None if spans is None else tuple(spans), alerts=alerts
        )

    def _known(self, good: Mark) -> GoodTraffic:
        if self._good is None or self._good[0] is not good:
            self._good = good, good_traffic([self.window(good, None)])
        return self._good[1]

    def _moved(self, mark: Mark) -> Moved | None:
        return mark.series.moved if self._scrape else None

    def scraped(self) -> str | None:
        """Return the text of the metrics as of now; None where there is none."""
        return self._scrape() if self._scrape else None

    def sample(self, mark: Mark) -> None:
        """Scrape within a window, so that what lasts only for a moment shows."""
        if self._scrape is not None:
            mark.series.add(self._scrape())

    def _files(self) -> dict[str, Path]:
        return {name: path for name, path in self._logs().items() if path.is_file()} if self._logs else {}

    def _written(self, mark: Mark) -> dict[str, str] | None:
        """Return the whole lines that each log has had since the window began; a log that is new is read whole."""
        if self._logs is None:
            return None
        return {name: _lines(path, mark.sizes.get(path, 0)) for name, path in self._files().items()}


def _opened(path: Path) -> BinaryIO:
    """Open a log; one that was rotated away just now is empty. Raises `ProbeError` where it must not be read."""
    try:
        return open_file(path)
    except FileNotFoundError:
        return BytesIO()
    except OSError as exc:
        raise ProbeError(
            f"harness.toml: [operations] logs: {path.name} cannot be read: {exc.strerror}. Let the harness read it."
        ) from None


def _whole_bytes(path: Path) -> int:
    """Return the size of a log without a line that is being written: what `_lines` has left for the next window."""
    with _opened(path) as file:
        size = file.seek(0, SEEK_END)
        file.seek(max(0, size - MAX_LINE_BYTES))
        tail = file.read(MAX_LINE_BYTES)
    return size - (len(tail) - tail.rfind(b"\n") - 1) if b"\n" in tail else size


def _lines(path: Path, start: int) -> str:
    with _opened(path) as file:
        file.seek(start if start <= file.seek(0, SEEK_END) else 0)  # shorter than before: it was rotated
        text = file.read(MAX_LOG_BYTES)
    return text[: text.rfind(b"\n") + 1].decode(errors="replace")
