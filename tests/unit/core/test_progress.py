"""Long work shows how far it is: a bar in a terminal, lines elsewhere, and nothing where it is short."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from harness.core.progress import PlainLines, bar, tracked, waiting


class Terminal(io.StringIO):
    """Takes what is written, and calls itself a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def lines_of(seconds: list[float], total: int) -> list[str]:
    """Return what is printed where a step ends at each of the ``seconds``, of ``total`` steps."""
    times: Iterator[float] = iter([0.0, *seconds])
    found: list[str] = []
    lines = PlainLines("checking:", total, found.append, clock=lambda: next(times))
    for _ in seconds:
        lines.advance()
    return found


def test_lines_come_every_ten_seconds_with_what_is_left() -> None:
    """A line names the steps that are done, and the time that the rest takes at the same pace."""
    assert lines_of([5, 10, 15, 20], 100) == [
        "checking: 2 of 100, about 8 min left",
        "checking: 4 of 100, about 8 min left",
    ]


def test_short_work_and_the_last_step_print_nothing() -> None:
    """Work of less than ten seconds is silent, and so is the end of longer work."""
    assert lines_of([1, 2, 3], 3) == []
    assert lines_of([20], 1) == []


def test_a_terminal_shows_a_bar_that_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The title and the number of steps appear on stderr while the work goes on."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert list(tracked(["a", "b"], "checking x.yaml")) == ["a", "b"]
    assert "checking x.yaml" in terminal.getvalue()
    assert "/2" in terminal.getvalue()
    with waiting("reading x.yaml"):
        pass
    assert "reading x.yaml" in terminal.getvalue()


def test_elsewhere_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or a pipe receives no bar."""
    monkeypatch.setattr("sys.stderr", plain := io.StringIO())
    assert list(tracked(["a", "b"], "checking")) == ["a", "b"]
    with waiting("reading"):
        pass
    assert plain.getvalue() == ""


def test_lines_stand_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is printed as it is, without markup."""
    monkeypatch.setenv("TERM", "xterm")
    with bar("delivering", 1, file=(terminal := Terminal())) as shown:
        shown.line("[red]run.failed[/red]: HTTP 500")
    assert "[red]run.failed[/red]: HTTP 500" in terminal.getvalue()
