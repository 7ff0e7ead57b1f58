"""When a run began, and how long it takes."""

from __future__ import annotations

import datetime as dt
import time


class RunClock:
    """Starts when it is made."""

    def __init__(self) -> None:
        self.started_at = dt.datetime.now(tz=dt.UTC)
        self._began_s = time.monotonic()

    @property
    def duration_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began_s
