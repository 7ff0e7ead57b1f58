"""A real scanner searches the files of a run, without any network."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model import Level, Outcome
from harness.operations.scanner import ScannerFiles, SearchedFile, run_scanner
from harness.operations.scanner_results import judge_scanner

OPTIONS = ("--format", "sarif", "--redact", "--no-validate", "--no-update-check")


@pytest.fixture
def kingfisher(real_python: Callable[[str], str], need: Callable[[str], str]) -> list[str]:
    """The command of docs/adapting.md, in a network namespace that has no network."""
    program = str(Path(real_python("scanners")).with_name("kingfisher"))
    return [need("unshare"), "--map-root-user", "--net", program, "scan", *OPTIONS, "{files}"]


def test_kingfisher_finds_what_a_log_holds(kingfisher: list[str], tmp_path: Path) -> None:
    """It finds the control, so that silence is proof; it does not try what it finds, so each is to be reviewed."""
    token, password = f"ghp_{secrets.token_hex(18)}", secrets.token_hex(10)
    log, clean = tmp_path / "app.log", tmp_path / "clean.log"
    log.write_text(f"started\nusing {token}\nconnecting to postgresql://app:{password}@db.internal.net:5432/app\n")
    clean.write_text("started\nstopped\n")
    home = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def judged(path: Path) -> list[tuple[Outcome, Level, str]]:
        files = ScannerFiles(tmp_path / f"{path.stem}-files", [SearchedFile(path=path, place=f"logs/{path.name}")])
        report = run_scanner(kingfisher, files, cwd=tmp_path, env=home)
        assert report.tools == ("kingfisher",)
        found = judge_scanner(report, files, cwd=tmp_path, redact=str)
        assert not any(part in each.to_json() for each in found for part in (token[:12], password))
        return [(each.outcome, each.level, each.summary) for each in found]

    in_log = judged(log)

    assert in_log
    assert {(outcome, level) for outcome, level, _ in in_log} == {(Outcome.FAIL, Level.SHOULD)}
    assert any(summary.endswith("in logs/app.log:2") for _, _, summary in in_log)
    assert judged(clean) == [
        (Outcome.PASS, Level.MUST, "The scanner of [operations] found no secret in the files of the run")
    ]
