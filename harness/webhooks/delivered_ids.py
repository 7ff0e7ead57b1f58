"""The ids of the events that a run delivered, noted in a file by every process that delivers."""

from __future__ import annotations

from pathlib import Path

MOST = 200
"""Ids that one process notes: enough to find some of them in a log."""


class DeliveredIds:
    """Notes ids. The events of a run have nothing else in common by which their traces could be recognised."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = MOST

    def add(self, event_id: str) -> None:
        """Note one, in one write, which does not mix with those of other processes."""
        if event_id and self._left:
            self._left -= 1
            with self._path.open("ab", buffering=0) as file:
                file.write(event_id.encode(errors="replace").replace(b"\n", b" ") + b"\n")


def delivered_ids_in(path: Path) -> tuple[str, ...]:
    """Return the ids that were noted; none where nothing was delivered."""
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except OSError:
        return ()
