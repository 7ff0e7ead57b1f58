"""Commands of harness.toml as faults, with real processes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.context.fault_causes import Cause, FaultCauses
from harness.context.run_context import RunContext
from harness.errors import ProbeError
from harness.process.run import Run
from tests.waiting import wait_for

HANGS = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("pids.part").write_text(f"{os.getpid()} {child.pid}")
os.rename("pids.part", "pids")
time.sleep(600)
"""


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Cause]:
    """Return the fault that a Python program causes for the alert Down, in ``tmp_path``."""
    (tmp_path / "harness.toml").write_text('[target]\nname = "Tiny"\n', encoding="utf-8")
    run = Run(run_id="r", seed="s", directory=str(tmp_path))
    causes = FaultCauses(RunContext.load(tmp_path, run=run, overlay=None, reports=tmp_path / "reports"))
    return lambda *words: causes.command("Down", words)


def is_gone(pid: int) -> bool:
    """Whether no process of that id runs, but for one that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # it may end between opening and reading
        return True


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path, command: Callable[..., Cause]) -> None:
    """It lasts as long as its fault; a further round neither waits for it nor starts it again."""
    cause = command(sys.executable, "-c", HANGS)
    cause.begin(1)
    wait_for((tmp_path / "pids").is_file)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text(encoding="utf-8").split()]
    (tmp_path / "pids").unlink()
    cause.begin(2)
    assert not any(is_gone(pid) for pid in pids)

    cause.end()

    wait_for(lambda: all(is_gone(pid) for pid in pids))
    assert not (tmp_path / "pids").exists()


def test_a_command_that_fails_is_an_error_with_its_key(tmp_path: Path, command: Callable[..., Cause]) -> None:
    """What exits with a status other than 0 has caused nothing; one that is not there is named."""
    cause = command(sys.executable, "-c", "open('ran', 'w'); raise SystemExit(3)")
    cause.begin(1)
    wait_for((tmp_path / "ran").is_file)
    with pytest.raises(ProbeError, match=r"fires.Down: the command exited with status 3\."):
        wait_for(lambda: cause.begin(1))
    cause.end()
    with pytest.raises(ProbeError, match=r"fires.Down: 'no-such-program' cannot be run: No such file or directory."):
        command("no-such-program").begin(1)


def test_a_command_that_ends_is_run_again_each_round(tmp_path: Path, command: Callable[..., Cause]) -> None:
    """Each run causes the fault once more, and waits for no keyboard."""
    cause = command(sys.executable, "-c", "open('runs', 'a').write('x')")

    def twice() -> bool:
        cause.begin(1)
        return (tmp_path / "runs").is_file() and (tmp_path / "runs").stat().st_size > 1

    wait_for(twice)
    cause.end()
