"""The gate: pytest in a process of its own, and a second look at what it left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import msgspec

from harness.errors import ConfigurationError
from harness.model import Report, Verdict
from harness.target import CONFIG_NAME, load_target

REPORT = "readiness.json"
MODES = "live,replay"


def run_gate(directory: Path, *, overlay: str | None, reports: str, pytest_args: Sequence[str]) -> int:
    """Run the whole checklist of the target in ``directory``; return the exit status, 0 only for READY.

    pytest runs as a child, so that whatever happens to it (a crash, `os._exit`, a kill) cannot pass for READY: its
    exit status must be 0 *and* the report it wrote must say READY. Raises `ConfigurationError` before anything runs.
    """
    target = load_target(directory, overlay=overlay)
    scenarios = [str(_existing(directory, path)) for path in target.config.target.scenarios]
    report = directory / reports / REPORT
    report.unlink(missing_ok=True)  # an old verdict must not be taken for this run's
    command = [sys.executable, "-m", "pytest", "--pyargs", "harness.suite", *scenarios]
    command += [
        f"--rootdir={directory}",
        "--harness-gate",
        f"--harness-mode={MODES}",
        f"--harness-reports={reports}",
    ]
    command += ["-p", "no:schemathesis", *([f"--harness-target={overlay}"] if overlay else []), *pytest_args]
    status = _run(command, directory)
    if status == 0 and not _says_ready(report):
        sys.stderr.write(f"ERROR: pytest ended well but left no READY verdict in {report}.\n")
        return 1
    return status if status in (0, 4) else 1


def _existing(directory: Path, path: str) -> Path:
    found = directory / path
    if not found.exists():
        raise ConfigurationError(
            f"{CONFIG_NAME}: [target] scenarios: {path} does not exist. Name the folder or file of your scenarios, "
            "or leave the key out while there are none."
        )
    return found


def _run(command: Sequence[str], directory: Path) -> int:
    process = subprocess.Popen(command, cwd=directory)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        process.send_signal(signal.SIGINT)  # pytest then stops the target's processes and reports

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # Ctrl-C reached the child too; wait for it to clean up
                continue
    finally:
        signal.signal(signal.SIGTERM, previous)


def _says_ready(report: Path) -> bool:
    try:
        return msgspec.json.decode(report.read_bytes(), type=Report).verdict is Verdict.READY
    except (OSError, msgspec.MsgspecError):
        return False
