"""Which processes of a group still run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from harness.process.groups import await_end, group_lives, has_proc, stat_fields

HALF_ENDED = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""
WITHIN_S = 20.0


@pytest.mark.skipif(not has_proc(), reason="the system has no /proc")
def test_a_process_lives_until_its_last_thread_has_ended() -> None:
    """A first thread that ended is no end: another one may still hold the port that a restart needs."""
    process = subprocess.Popen([sys.executable, "-c", HALF_ENDED], start_new_session=True)
    try:
        deadline = time.monotonic() + WITHIN_S
        while stat_fields(process.pid)[:1] != ["Z"] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert stat_fields(process.pid)[0] == "Z"
        assert group_lives(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    await_end(process.pid, (), until=time.monotonic() + WITHIN_S, poll_s=0.01)

    assert not group_lives(process.pid)
    process.wait()
