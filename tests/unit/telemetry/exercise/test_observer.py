"""What is read around a window: whole lines of logs, and series as they are scraped."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from harness.errors import ProbeError
from harness.model.signals import Signal
from harness.telemetry.exercise.observer import Observer


def observer(log: Path, texts: list[str | None]) -> Observer:
    """Return an observer of one log and of these texts of metrics, one after another."""
    return Observer(logs=lambda: {"app.log": log}, scrape=lambda: texts.pop(0), spans=None, redact=str)


def append(log: Path, text: str) -> None:
    """Write to the log."""
    with log.open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_line_belongs_to_the_window_in_which_it_ends(tmp_path: Path) -> None:
    """A line of which half is written as a window begins is read whole there, and not before."""
    log = tmp_path / "app.log"
    append(log, "before\nrefused ha")
    watching = observer(log, ["n_total 1\n"] * 9)
    good = watching.mark()
    watching.close(good)
    assert good.logs == {"app.log": ""}

    append(log, "lf\nan")
    fault = watching.mark()
    append(log, "other\n")
    watching.close(fault)
    assert fault.logs == {"app.log": "another\n"}
    later = watching.mark()
    watching.close(later)
    assert later.logs == {"app.log": ""}


def test_a_log_that_was_rotated_is_read_from_its_start(tmp_path: Path) -> None:
    """It is shorter than as the window began."""
    log = tmp_path / "app.log"
    append(log, "before\n" * 10)
    watching = observer(log, [None] * 9)
    mark = watching.mark()
    log.write_text("after\n", encoding="utf-8")
    watching.close(mark)
    assert mark.logs == {"app.log": "after\n"}


def test_a_log_that_vanishes_or_must_not_be_read_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotation may take it away between two looks; what the harness may not read is named with the key."""
    log = tmp_path / "app.log"
    append(log, "before\n")
    watching = observer(log, [None] * 9)

    def opening(error: OSError) -> None:
        def fails(*_: object) -> NoReturn:
            raise error

        monkeypatch.setattr("harness.telemetry.exercise.observer.open_file", fails)

    opening(FileNotFoundError(2, "No such file or directory"))
    mark = watching.mark()
    watching.close(mark)
    assert mark.logs == {"app.log": ""}

    opening(PermissionError(13, "Permission denied"))
    with pytest.raises(ProbeError, match=r"\[operations\] logs: app.log cannot be read: Permission denied. Let"):
        watching.mark()


def test_series_show_as_soon_as_they_move(tmp_path: Path) -> None:
    """Each sample is compared with those before; what is not observed shows nothing."""
    texts: list[str | None] = ["n_total 1\n", "n_total 1\n", "n_total 1\n", "n_total 1\n", "n_total 2\n", "n_total 2\n"]
    watching = observer(tmp_path / "none.log", texts)
    good = watching.mark()
    watching.close(good)
    fault = watching.mark()
    assert watching.shown(fault, good) == frozenset()
    assert watching.shown(fault, good) == {Signal.METRIC}
    watching.close(fault)
    window = watching.window(fault, None)
    assert (window.spans, window.alerts, window.logs) == (None, None, {})
    assert window.movements is not None
    assert list(window.movements.counts.values()) == [1.0]
