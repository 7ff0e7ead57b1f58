"""Short texts that processes note in a file of the run, which looks for them at its end: ids, wrong credentials."""

from __future__ import annotations

from pathlib import Path

MOST = 200
"""Texts that one process notes: enough to find some of them in a log."""
MADE_UP, MOST_MADE_UP = "made-up-credentials", 20
"""File in a run's folder with the wrong credentials that it made up and sent, and how many one process notes."""


class RunNotes:
    """Notes texts. What a run sent has nothing else in common by which its traces could be recognised."""

    def __init__(self, path: Path, *, most: int = MOST) -> None:
        self._path = path
        self._left = most

    def add(self, text: str) -> None:
        """Note one, in one write, which does not mix with those of other processes."""
        if text and self._left:
            self._left -= 1
            with self._path.open("ab", buffering=0) as file:
                file.write(text.encode(errors="replace").replace(b"\n", b" ") + b"\n")


def noted_in(path: Path) -> tuple[str, ...]:
    """Return what was noted; nothing where nothing was sent."""
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except OSError:
        return ()
