"""Gates with and without a defect, and the table of what they saw.

For each defect only the checks of its own item run, and a whole gate without any; with MATRIX=full the whole gate for
each that is not pending, and several without.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.model import Report
from harness.reports.json import read

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 600
PROPERTY = "matrix"

Gate = Callable[..., tuple[int, Report]]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Run ``harness gate`` as a user would; ``gate(defect, item)`` with a defect and the checks of one item alone."""

    def run(defect: str = "", item: str = "") -> tuple[int, Report]:
        command = [
            sys.executable,
            "-m",
            "harness.cli",
            "gate",
            "--reports",
            str(tmp_path),
            "-p",
            "no:cacheprovider",
        ]
        env = {k: v for k, v in os.environ.items() if k != "SANDBOX_DEFECTS" and not k.startswith("PYTEST_")}
        env["HARNESS_EXAMPLES"] = str(tmp_path / "examples")  # what one run finds is not for another to try
        if item:
            # One seed, so that what generated requests find is the same every time.
            command += ["--only", item, "--maxfail=1", f"--harness-seed={os.environ.get('MATRIX_SEED', '1')}"]
        if defect:
            command = [sys.executable, "-m", "harness.sandbox", "with-defect", defect, *command]
        status, output = _run(command, env)
        written = tmp_path / "readiness.json"
        assert written.is_file(), output[-3000:]
        return status, read(written.read_bytes())

    return run


def _run(command: list[str], env: dict[str, str]) -> tuple[int, str]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # the gate then stops what it started
            process.wait(30)
    return process.returncode, output


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keep a row for the table: ``note(defect=…, item=…, seen=[…], pending=…)``."""

    def keep(**row: Any) -> None:
        request.node.user_properties.append((PROPERTY, json.dumps(row)))

    return keep


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table and its two figures, where they were asked for."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, []) if r.when == "call"]
    rows = [json.loads(text) for report in reports for name, text in report.user_properties if name == PROPERTY]
    if not os.environ.get("MATRIX") or not rows:
        return
    planted = sorted((r for r in rows if r["defect"]), key=lambda r: (r["item"], r["defect"]))
    clean = [r for r in rows if not r["defect"]]
    terminalreporter.write_sep("=", "detection matrix")
    for row in planted:
        seen = "pending" if row["pending"] and not row["seen"] else ", ".join(row["seen"]) or "nothing"
        terminalreporter.write_line(f"{row['defect']:40} {row['item']:28} {seen}")
    found = sum(r["item"] in r["seen"] for r in planted)
    stray = sum(bool(r["stray"]) for r in planted)
    pending = sum(r["pending"] for r in planted)
    alarms = sum(bool(r["seen"]) for r in clean)
    terminalreporter.write_line(f"Detected: {found} of {len(planted)} planted ({pending} wait for their check)")
    terminalreporter.write_line(f"Runs with a defect in which another item changed: {stray}")
    terminalreporter.write_line(f"False alarms: {alarms} in {len(clean)} clean runs")
