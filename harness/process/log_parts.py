"""Parts of a log that a process writes meanwhile."""

from __future__ import annotations

from pathlib import Path


def log_size(log: Path) -> int:
    """Return how many bytes a log has; 0 while there is none."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def log_part(log: Path, start: int, most: int) -> str:
    """Return at most ``most`` bytes of a log as text, from the byte ``start``; empty while there is none."""
    try:
        with log.open("rb") as file:
            file.seek(start)
            return file.read(most).decode(errors="replace")
    except OSError:
        return ""
