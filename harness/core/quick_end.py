"""End without a last search for garbage: after many imports it takes longer than a short command computes.

What it would free, the end of the process frees too.
"""

from __future__ import annotations

import atexit
import gc


def skip_last_search() -> None:
    """Leave out the search for garbage as Python ends; only for processes that run no code of the team."""
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
