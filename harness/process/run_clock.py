"""When a run began, how long it takes, and whether the clock of the machine can be trusted meanwhile."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

JUMP_S, DRIFT = 2.0, 0.002
"""Between two looks, the clock may gain or lose so many seconds, and so many for each that passes (adjtime(3))."""
_READ_WITHIN_S = 0.2


class RunClock:
    """Starts when it is made."""

    def __init__(self, *, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        """``clock`` may be set while the run lasts; ``steady`` only counts on."""
        self._clock, self._steady = clock, steady
        self._began_s = steady()
        self.started_at = dt.datetime.fromtimestamp(clock(), tz=dt.UTC)
        self._seen_s, self._offset_s = self._began_s, clock() - steady()
        self._jumped_s = 0.0

    @property
    def duration_s(self) -> float:
        """Seconds since the run began."""
        return self._steady() - self._began_s

    def look(self) -> None:
        """Notice a jump since the last look, also one that a later one takes back."""
        before_s = self._steady()
        offset_s, now_s = self._clock() - before_s, self._steady()
        if now_s - before_s > _READ_WITHIN_S:
            return  # this process had to wait in between
        gained_s = offset_s - self._offset_s
        if abs(gained_s) > JUMP_S + DRIFT * (now_s - self._seen_s) and abs(gained_s) > abs(self._jumped_s):
            self._jumped_s = gained_s
        self._seen_s, self._offset_s = now_s, offset_s

    def complaint(self) -> str:
        """Return a sentence on the greatest jump that was seen; empty where there was none."""
        self.look()
        if not self._jumped_s:
            return ""
        where = "forward" if self._jumped_s > 0 else "back"
        return (
            f"The clock of this machine jumped {where} by {abs(self._jumped_s):.0f} s during the run, or the machine "
            "slept, so timestamps, alerts and ages are not as they were. Run again while the clock is steady."
        )
