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


LEAVES_ORPHANS = """
import psutil, subprocess, sys, time
for _ in range(3):
    subprocess.run(["sh", "-c", "sleep 0.2 &"], check=True)
adopter, deadline, most = psutil.Process().parent(), time.monotonic() + 20, 0
while time.monotonic() < deadline:
    adopted = [child for child in adopter.children() if child.pid != psutil.Process().pid]
    most = max(most, len(adopted))
    if most and not adopted:
        sys.exit(7)
    time.sleep(0.02)
"""
WAITS = """
import subprocess, sys
from harness.process.subreaper import reap_orphans, wait_and_reap
with reap_orphans():
    print(wait_and_reap(subprocess.Popen([sys.executable, "-c", sys.argv[1]])))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux adopts orphans")
def test_an_adopted_process_that_has_ended_is_reaped_at_once() -> None:
    """While the child runs, no orphan stays a zombie; and the status of the child itself is its own."""
    command = [sys.executable, "-c", WAITS, LEAVES_ORPHANS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.split() == ["7"]


STARTS = """
import pathlib, subprocess
from harness.process.managed import start_group
background = ["sh", "-c", "sh -c 'sleep 600; sleep 1' >/dev/null 2>&1 & echo $!"]
start_group(background, cwd=pathlib.Path("."), env={}, output=1, outlives=True).wait()
subprocess.run(background, check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux adopts orphans")
def test_what_is_to_outlive_the_harness_goes_on() -> None:
    """What a command such as ``[receiver] start`` left running is no leftover, nor is what that has started."""
    command = [sys.executable, "-c", WAITS, STARTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    outlives, ends, status = map(int, done.stdout.split())
    try:
        assert status == 0
        assert [child.name() for child in psutil.Process(outlives).children()] == ["sleep"]
        assert not psutil.pid_exists(ends)
    finally:
        for process in (*psutil.Process(outlives).children(), psutil.Process(outlives)):
            process.kill()


KILLS = """
import pathlib, subprocess, sys, time
from harness.process.managed import start_group, stop_group
started = start_group(
    ["sh", "-c", "sleep 600 & sleep 600 & wait"], cwd=pathlib.Path("."), env={}, output=subprocess.DEVNULL
)
time.sleep(0.5)
began = time.monotonic()
started.kill()
started.wait()
stop_group(started)
print(time.monotonic() - began)
"""
ADOPTS = """
import subprocess, sys
from harness.process.subreaper import reap_orphans
with reap_orphans():
    print(subprocess.run([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True, check=True).stdout)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux adopts orphans")
def test_killed_children_that_nobody_asks_about_are_not_waited_for() -> None:
    """A process that has ended counts as gone, even if the one that adopted it reaps it only at the end of a block."""
    command = [sys.executable, "-c", ADOPTS, KILLS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert float(done.stdout) < 3
