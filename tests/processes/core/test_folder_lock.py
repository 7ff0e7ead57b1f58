"""One gate at a time writes to a folder, and none that has ended keeps it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.core.folder_lock import LOCK, locked_folder
from harness.errors import ConfigurationError

HOLD = """
import pathlib, subprocess, sys
from harness.core.folder_lock import locked_folder
with locked_folder(pathlib.Path(sys.argv[1]), "--reports") as lock:
    if sys.argv[2] == "child":
        child = subprocess.Popen(["cat"], stdin=sys.stdin, stdout=subprocess.DEVNULL, pass_fds=(lock,))
        print(child.pid, flush=True)
        child.wait()
    print("locked", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path, kind: str) -> subprocess.Popen[str]:
    """Start a process that holds the lock until its input ends; with ``child``, by a child that inherits it."""
    command = [sys.executable, "-c", HOLD, str(folder), kind]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_second_gate_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    """The refusal names the folder, the process and the option; afterwards the folder is free."""
    folder = tmp_path / "reports"
    with holder(folder, "alone") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "locked\n"
        with pytest.raises(ConfigurationError) as refused, locked_folder(folder, "--reports"):
            pass
        first.communicate()

    assert f"Another gate (process {first.pid}) is running and writes to {folder}." in str(refused.value)
    assert "choose another folder with --reports DIR" in str(refused.value)
    with locked_folder(folder, "--reports"):
        pass


def test_a_killed_gate_does_not_block(tmp_path: Path) -> None:
    """What a dead process left in the folder locks nothing."""
    with holder(tmp_path, "alone") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "locked\n"
        first.send_signal(signal.SIGKILL)

    assert (tmp_path / LOCK).read_text() == f"{first.pid}\n"
    with locked_folder(tmp_path, "--reports"):
        pass


def test_the_tests_of_a_killed_gate_still_hold_the_folder(tmp_path: Path) -> None:
    """As long as a child that inherited the lock runs, a new gate is refused."""
    with holder(tmp_path, "child") as first:
        assert first.stdout is not None
        assert first.stdin is not None
        assert int(first.stdout.readline())
        first.send_signal(signal.SIGKILL)
        first.wait()
        with pytest.raises(ConfigurationError, match="Another gate"), locked_folder(tmp_path, "--reports"):
            pass
        first.stdin.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Where a file lies in the folder's place, the message names it and the option."""
    (tmp_path / "reports").write_text("")

    with (
        pytest.raises(ConfigurationError, match="--reports: cannot write to"),
        locked_folder(tmp_path / "reports", "--reports"),
    ):
        pass
