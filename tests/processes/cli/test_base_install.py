"""Every command without any extra: it does its work, or names the extra to install."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.cli.main import COMMANDS
from harness.core.extras import MODULES
from tests.processes.cli.test_json_output import CASSETTE, SPEC

WITHIN_S = 60
CONFIG = f"""
[target]
name = "Base"
scenarios = ["tests"]
[provider]
spec = {json.dumps(SPEC)}
base_url = "http://127.0.0.1:9"
"""
EVENT = ("--scheme", "stripe", "--secret", "env:HOOK_SECRET")


class Row(NamedTuple):
    """A command without what needs more than the base install, or with it."""

    words: tuple[str, ...]
    status: int
    shows: str
    stopped: bool = False
    """Whether it serves until Ctrl-C."""


ROWS = {
    "capture": Row(("--into", "captured"), 0, "Listening on", stopped=True),
    "cassettes": Row(("migrate", "tests"), 0, ""),
    "convert": Row(("one.yaml", "one.har"), 0, ""),
    "deliver": Row(("event.json", "--to", "http://127.0.0.1:9/", "--dry-run", *EVENT), 0, "Stripe-Signature"),
    "doctor": Row(("--offline",), 0, "Nothing is in the way"),
    "explain": Row(("auth.accepts",), 0, "auth.accepts"),
    "faults": Row(("--fault", "503"), 0, "http://127.0.0.1", stopped=True),
    "fuzz": Row(("--list",), 0, "No defects stored"),
    "gate": Row(("--only", "auth.accepts"), 1, "auth.accepts"),
    "init": Row(("--receiver", "http://127.0.0.1:9/", "--yes"), 4, "describes a target already"),
    "packs": Row(("stripe",), 0, "Stripe"),
    "record": Row(("--upstream", "http://127.0.0.1:9", "--cassette", "new.yaml"), 0, "http://127.0.0.1", stopped=True),
    "replay": Row(("one.yaml",), 0, "http://127.0.0.1", stopped=True),
    "sandbox": Row((), 4, "[sandbox]'"),
    "schema": Row((), 0, "$schema"),
    "scheme": Row(("signed.http", "--secret", "env:HOOK_SECRET"), 1, "No header of the delivery has the form"),
    "spec": Row(("check", SPEC), 0, ""),
    "waive": Row(("--skip", "*", "--reason", "why", "--expires", "9d"), 4, "readiness.json"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A target, and a module that hides what extras bring from every process."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_own.py").write_text("def test_own(): pass\n")
    (tmp_path / "harness.toml").write_text(CONFIG)
    (tmp_path / "one.yaml").write_text(CASSETTE)
    (tmp_path / "event.json").write_text('{"id": "evt_1", "type": "a.b"}')
    (tmp_path / "signed.http").write_text("content-type: application/json\n\n{}")
    (tmp_path / "missing").mkdir()
    hidden = "".join(f"sys.modules[{module!r}] = None\n" for module in MODULES)
    (tmp_path / "missing" / "sitecustomize.py").write_text(f"import sys\n{hidden}")
    return tmp_path


def test_every_command_has_a_row() -> None:
    """A new command is tried too."""
    assert ROWS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_a_command_works_or_names_its_extra(folder: Path, name: str) -> None:
    """None ends with a traceback, or names a module alone."""
    row = ROWS[name]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "SANDBOX_", "HARNESS_"))}
    env = {**kept, "PYTHONPATH": str(folder / "missing"), "HOOK_SECRET": "a secret of this test"}
    command = [sys.executable, "-m", "harness.cli", name, *row.words]

    with subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline() if row.stopped else ""
        if row.stopped:
            process.send_signal(signal.SIGINT)
        shown = first + process.communicate(timeout=WITHIN_S)[0]

    assert "Traceback" not in shown
    assert "ModuleNotFoundError" not in shown
    assert row.shows in shown
    assert process.returncode == row.status, shown
