"""The detection matrix: each planted defect turns exactly its own item to fail; without one everything is silent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.model import Outcome, Report, Verdict
from harness.reports import json

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 300


def catalogue() -> list[tuple[str, str]]:
    """Return id and item of every defect."""
    from harness.sandbox.defects import CATALOGUE

    return [(d.id, d.item) for d in CATALOGUE if d.edit is None]


def run_gate(reports: Path, defect: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Report]:
    monkeypatch.setenv("SANDBOX_DEFECTS", defect)
    command = [sys.executable, "-m", "harness.cli", "gate", "--reports", str(reports), "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=TIMEOUT_S)
    written = reports / "readiness.json"
    assert written.is_file(), done.stdout[-3000:] + done.stderr[-1000:]
    return done.returncode, json.read(written.read_bytes())


def failed(report: Report) -> list[str]:
    return [item.id for item in report.items if item.outcome is Outcome.FAIL]


@pytest.mark.parametrize("defect, item", catalogue(), ids=lambda value: value)
def test_a_planted_defect_fails_its_own_item_and_no_other(
    defect: str, item: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one defect planted, its item fails, no other does, and the gate says NOT READY."""
    status, report = run_gate(tmp_path, defect, monkeypatch)

    assert failed(report) == [item]
    assert report.verdict is Verdict.NOT_READY
    assert status == 1


def test_without_a_defect_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The correct sandbox has no failure and no error; what has no check yet keeps it INCOMPLETE."""
    status, report = run_gate(tmp_path, "", monkeypatch)

    assert [i.id for i in report.items if i.outcome in (Outcome.FAIL, Outcome.ERROR)] == []
    assert [i.id for i in report.items if i.outcome is Outcome.PASS] == [
        "auth.accepts",
        "auth.rejects",
        "workflow.core",
        "workflow.contract",
        "workflow.recorded",
        "contract.fuzz",
        "webhooks.fixtures",
        "webhooks.signatures",
        "resilience.retries",
        "resilience.rate-limit",
        "observability.metrics",
        "secrets.never-logged",
        "runbook.auth",
        "runbook.webhooks",
    ]
    assert report.problems == ()
    assert report.verdict is Verdict.INCOMPLETE
    assert status == 1
