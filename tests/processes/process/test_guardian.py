"""What a killed process has started ends with it, whatever kills it, and its scratch folders go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from harness.process.groups import has_proc
from tests.waiting import wait_for

WITHIN_S = 60.0
SLEEPS = "import time; time.sleep(600)"
OWNER = """
import json, os, pathlib, subprocess, sys, threading, time
from harness.process.managed import start_group
from harness.process.run import Run
run = Run.begin()
pathlib.Path(run.directory, "a-secret").write_text("secret")
command = [sys.executable, "-c", sys.argv[1]]
groups = [start_group(command, cwd=run.path, env={}, output=subprocess.DEVNULL) for _ in range(2)]
pathlib.Path(sys.argv[2]).write_text(json.dumps([run.directory, *(group.pid for group in groups)]))
time.sleep(600)
"""
LEAVES_ITS_GROUP = f"""
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {SLEEPS!r}], start_new_session=True)
time.sleep(600)
"""
FORGETS_WHERE_IT_IS_FROM = f"""
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {SLEEPS!r}], env={{"PATH": "/"}})
subprocess.Popen([sys.executable, "-c", {SLEEPS!r}], env={{"PATH": "/"}}, start_new_session=True)
time.sleep(600)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
LEADER_GONE = f"""
import os, subprocess, sys
subprocess.Popen([sys.executable, "-c", {SLEEPS!r}], env={{}})
"""


class Owner(NamedTuple):
    """A process that has a run and started two process groups."""

    process: subprocess.Popen[bytes]
    scratch: Path
    started: list[psutil.Process]


Begin = Callable[..., Owner]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Start a process that starts others, ``begin(program, count)``, and wait until there are so many of them.

    Its folder for scratch folders is that of the test.
    """
    begun: list[subprocess.Popen[bytes]] = []

    def start(program: str, count: int = 2) -> Owner:
        told = tmp_path / "told"
        command = [sys.executable, "-c", OWNER, program, str(told)]
        process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)}, start_new_session=True)
        begun.append(process)
        wait_for(lambda: told.is_file() and told.read_text())
        scratch, *leaders = json.loads(told.read_text())

        def complete() -> bool:
            gone = not any(map(_run_pid, leaders))
            return gone == (program == LEADER_GONE) and len(_in_folder(Path(scratch), leaders)) == count

        wait_for(complete)
        return Owner(process, Path(scratch), _in_folder(Path(scratch), leaders))

    yield start
    for process in begun:
        process.kill()
        process.wait()


def _in_folder(scratch: Path, leaders: list[int]) -> list[psutil.Process]:
    """Return the processes that work in a folder, which are those that the owner started and what these started."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(scratch) or process.pid in leaders:
                found.append(process)
        except psutil.Error:
            continue
    return found


def _run(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT, signal.SIGHUP, signal.SIGSEGV])
def test_groups_and_scratch_folder_end_with_their_owner(begin: Begin, number: signal.Signals) -> None:
    """A signal that nothing can be done about leaves no process, no folder and no file beside it."""
    owner = begin(SLEEPS)

    os.killpg(owner.process.pid, number)  # as the terminal does

    assert len(owner.started) == 2
    psutil.wait_procs(owner.started, timeout=WITHIN_S)
    assert [process for process in owner.started if _run(process)] == []
    wait_for(lambda: not list(owner.scratch.parent.glob("harness-*")), within_s=WITHIN_S)


@pytest.mark.skipif(not has_proc(), reason="without /proc, a process that left its group is not found")
@pytest.mark.parametrize(
    "program, count",
    [(LEAVES_ITS_GROUP, 4), (FORGETS_WHERE_IT_IS_FROM, 6), (DEAF, 2), (LEADER_GONE, 2)],
    ids=["own session", "empty environment", "deaf to SIGTERM", "leader gone"],
)
def test_nothing_escapes_the_end(begin: Begin, program: str, count: int) -> None:
    """What left its group, dropped its environment, ignores SIGTERM or lost its leader ends all the same."""
    owner = begin(program, count)
    assert len(owner.started) == count

    owner.process.kill()

    psutil.wait_procs(owner.started, timeout=WITHIN_S)
    assert [process for process in owner.started if _run(process)] == []


STARTS_FOR_LONGER = f"""
import pathlib, subprocess, sys, time
from harness.process.managed import start_group
command = [sys.executable, "-c", {SLEEPS!r}]
start_group(command, cwd=pathlib.Path("."), env={{}}, output=subprocess.DEVNULL, outlives=True)
time.sleep(600)
"""


@pytest.mark.skipif(not has_proc(), reason="without /proc, no process is known by its environment")
def test_what_is_to_outlive_the_owner_goes_on(begin: Begin) -> None:
    """It is spared by its environment, even as the child of a process that ends."""
    owner = begin(STARTS_FOR_LONGER, 4)
    started = owner.started

    def spared() -> list[psutil.Process]:
        return [process for process in started if process.environ().get("HARNESS_ENDS_WITH") == "nobody"]

    wait_for(lambda: len(spared()) == 2)  # one that has just begun has still the environment of what began it
    outliving = spared()
    ending = [process for process in started if process not in outliving]

    owner.process.kill()

    try:
        wait_for(lambda: not any(map(_run, ending)), within_s=WITHIN_S)
        time.sleep(0.3)
        assert [_run(process) for process in outliving] == [True, True]
    finally:
        for process in started:
            with suppress(psutil.Error):
                process.kill()


FORKS = """
import os, signal, subprocess, sys, time
from pathlib import Path
from harness.process.managed import start_group
group = start_group([sys.executable, "-c", sys.argv[1]], cwd=Path("."), env={}, output=subprocess.DEVNULL)
child = os.fork()
if child == 0:
    time.sleep(600)
print(group.pid, child, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_forked_child_does_not_keep_the_groups() -> None:
    """A child that its owner forked and that lives on is no owner."""
    started = subprocess.Popen([sys.executable, "-c", FORKS, SLEEPS], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    group, child = map(int, started.stdout.readline().split())
    try:
        wait_for(lambda: not _run_pid(group), within_s=WITHIN_S)
    finally:
        os.kill(child, signal.SIGKILL)
        started.communicate()


GUARDIAN_KILLED = """
import os, psutil, signal, subprocess, sys
from pathlib import Path
from harness.process.guardian import guardian
from harness.process.managed import start_group
def start():
    return start_group([sys.executable, "-c", sys.argv[1]], cwd=Path("."), env={}, output=subprocess.DEVNULL).pid
first = start()
[name] = guardian.mark().values()
[found] = [p for p in psutil.process_iter(["cmdline"]) if name in (p.info["cmdline"] or [])]
found.kill()
found.wait()
print(first, start(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_guardian_that_was_killed_is_replaced() -> None:
    """The next start notices, and what was started before ends as well."""
    done = subprocess.run(
        [sys.executable, "-c", GUARDIAN_KILLED, SLEEPS], stdout=subprocess.PIPE, text=True, check=False
    )
    first, second = map(int, done.stdout.split())

    wait_for(lambda: not _run_pid(first) and not _run_pid(second), within_s=WITHIN_S)


def _run_pid(pid: int) -> bool:
    try:
        return _run(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False
