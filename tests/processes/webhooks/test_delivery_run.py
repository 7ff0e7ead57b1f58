"""`harness deliver` as a process: on a terminal, and interrupted."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path


def test_a_terminal_shows_a_bar(secret: str, event: Path, to: list[str]) -> None:
    """A terminal shows a progress bar, a line for each delivery that is not acknowledged, and the summary."""
    words = [
        sys.executable,
        "-m",
        "harness.cli",
        "deliver",
        str(event),
        *to,
        "--count",
        "3",
        "--altered",
        "truncated",
    ]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other end has closed
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    process.wait(20)

    assert b"delivering" in shown
    assert shown.count(b"run.succeeded: HTTP 401") == 3
    assert b"3 delivered, 0 acknowledged, 3 not; in " in shown
    assert process.returncode == 1
    assert secret.encode() not in shown


def test_ctrl_c_ends_it_with_a_summary(secret: str, event: Path, to: list[str]) -> None:
    """Ctrl-C prints the summary of the deliveries so far, and the exit status is 130."""
    words = [sys.executable, "-m", "harness.cli", "deliver", str(event), *to, "--count", "1000000", "--rate", "50"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(2)
    output, errors = process.communicate(timeout=20)

    assert first.startswith("run.succeeded: HTTP 200")
    assert re.search(r"^\d+ delivered, \d+ acknowledged, 0 not", output.splitlines()[-1])
    assert errors == ""
    assert process.returncode == 130
    assert secret not in output
