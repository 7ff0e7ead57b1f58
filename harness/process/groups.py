"""Process groups: signals to all processes of one."""

from __future__ import annotations

import os


def signal_group(pid: int, number: int) -> bool:
    """Send a signal to the group, 0 for none; False when no process is left in it."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    return True
