"""From what was observed around one fault to what showed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from harness.core.cutting import cut
from harness.model.signals import Signal
from harness.telemetry.signals.log_templates import novel_lines, templates
from harness.telemetry.signals.moved_series import Moved, movements, novel_series
from harness.telemetry.signals.span_shapes import KnownSpans, known_spans, novel_spans
from harness.telemetry.spans import ObservedSpan

EXAMPLES = 3
"""Shown in one cell."""
CHARS = 240
"""Of one example; what is longer is cut."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What was observed while one thing went on: good traffic, or one fault. None is what was not observed at all."""

    logs: Mapping[str, str] | None = None
    """By log, the whole lines that were written."""
    scrapes: tuple[str | None, ...] | None = None
    """The texts of metrics: before, some meanwhile, after; None for each to which the endpoint did not answer.

    Two at least, and several meanwhile where gauges and an endpoint that is down for a moment are to show.
    """
    moved: Moved | None = None
    """The same from a `SeriesWatch`, which reads each text once as it comes; in place of ``scrapes``."""
    spans: tuple[ObservedSpan, ...] | None = None
    """The spans that started meanwhile, whenever they arrived."""
    alerts: tuple[str, ...] | None = None
    """The alerts that became pending or firing."""

    @property
    def movements(self) -> Moved | None:
        """What the series did; None where they were not observed."""
        return self.moved if self.moved is not None or self.scrapes is None else movements(self.scrapes)


class GoodTraffic(NamedTuple):
    """What good traffic shows, prepared for comparison."""

    lines: frozenset[tuple[str, str]]
    moved: tuple[Moved, ...]
    spans: KnownSpans
    alerts: frozenset[str]


def good_traffic(windows: Iterable[Window]) -> GoodTraffic:
    """Prepare what was observed of good traffic, in one window or in several."""
    several = tuple(windows)
    return GoodTraffic(
        lines=frozenset(pair for window in several for pair in templates(window.logs or {})),
        moved=tuple(moved for window in several if (moved := window.movements) is not None),
        spans=known_spans(span for window in several for span in window.spans or ()),
        alerts=frozenset(alert for window in several for alert in window.alerts or ()),
    )


def shown(window: Window, good: GoodTraffic, redact: Callable[[str], str]) -> dict[Signal, tuple[str, ...]]:
    """Return by signal what the window shows and good traffic does not, at most `EXAMPLES`, the plainest first.

    A signal that was not observed is missing; one that showed nothing is empty. ``redact`` takes secrets out of a text
    before it is cut, as it would not find half of one.
    """
    found: dict[Signal, list[str]] = {}
    if window.logs is not None:
        found[Signal.LOG] = novel_lines(window.logs, good.lines)
    if (moved := window.movements) is not None:
        found[Signal.METRIC] = novel_series(moved, good.moved)
    if window.spans is not None:
        found[Signal.SPAN] = novel_spans(window.spans, good.spans)
    if window.alerts is not None:
        found[Signal.ALERT] = [alert for alert in window.alerts if alert not in good.alerts]
    return {signal: tuple(_short(redact(text)) for text in texts[:EXAMPLES]) for signal, texts in found.items()}


def _short(text: str) -> str:
    return cut(" ".join(text.split()), CHARS)
