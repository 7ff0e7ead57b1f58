"""The timeline of a client's calls, as a small picture: when each came, what it got, when the next was due."""

from __future__ import annotations

from typing import NamedTuple

from harness.core.cutting import cut
from harness.model import Finding

ROW = 20
LEFT, RIGHT = 75, 265
"""Ends of the axis."""
_TEXT = 44
"""Characters behind the axis."""


class PictureRow(NamedTuple):
    """One call."""

    y: int
    x: float
    time: str
    text: str
    style: str
    due: float | None
    """Where the next attempt is due; None where nothing asks, or beyond the axis."""


class Picture(NamedTuple):
    """What is drawn, and the same in words."""

    title: str
    description: str
    height: int
    rows: list[PictureRow]


def of(finding: Finding) -> Picture:
    """Return the picture of a finding that has a timeline."""
    calls = finding.timeline
    end = max(calls[-1].at, 0.1)
    words, rows = [], []
    for number, call in enumerate(calls):
        due = call.due if call.due is not None and call.due <= end else None
        after = "" if call.due is None else f", next attempt due at +{call.due:.2f} s"
        words.append(f"+{call.at:.2f} s {call.call}: {call.met}{after}")
        rows.append(
            PictureRow(
                y=ROW * number + ROW // 2,
                x=_place(call.at, end),
                time=f"+{call.at:.2f} s",
                text=cut(f"{call.met}  {call.call}", _TEXT),
                style="fail" if call.faulted else "pass",
                due=None if due is None else _place(due, end),
            )
        )
    title = f"{len(calls)} call{'' if len(calls) == 1 else 's'} of the client in {calls[-1].at:.2f} s"
    return Picture(title=title, description="; ".join(words), height=ROW * len(calls), rows=rows)


def _place(at: float, end: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * at / end, 1)
