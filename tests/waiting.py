"""The one loop of the tests that waits until something is true."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_S = 0.005


def wait_for(true: Callable[[], object], within_s: float = 60, *, shown: Callable[[], object] = str) -> None:
    """Return as soon as a condition is true; fail after ``within_s`` seconds, and show what ``shown`` returns."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {shown()}"
        time.sleep(POLL_S)
