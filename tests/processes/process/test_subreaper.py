"""What a killed process leaves running is ended; tried in a process of its own, for it ends all children."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

SLEEPS = "import time; time.sleep(600)"
MIDDLE = f"""
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", {SLEEPS!r}], start_new_session=True).pid, flush=True)
time.sleep(600)
"""
BLOCK = """
import psutil, signal, subprocess, sys
from harness.process.subreaper import reap_orphans
sys.platform, killed, middle = sys.argv[1], sys.argv[2] == "True", sys.argv[3]
with reap_orphans():
    started = subprocess.Popen([sys.executable, "-c", middle], stdout=subprocess.PIPE, text=True)
    print(started.pid, started.stdout.readline().strip(), flush=True)
    if killed:
        started.send_signal(signal.SIGKILL)
        started.wait()
"""


@pytest.mark.parametrize(
    "platform, killed",
    [
        pytest.param("linux", True, marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux adopts orphans")),
        (sys.platform, False),
        ("darwin", False),
    ],
)
def test_no_descendant_outlives_the_block(platform: str, *, killed: bool) -> None:
    """A grandchild in a session of its own is gone, though its parent was killed where the system lets us adopt it."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCK, platform, str(killed), MIDDLE],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    assert [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"] == []
