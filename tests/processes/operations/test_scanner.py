"""`[operations] scanner` is run over copies of a run's files, and proves that it searched by finding the control."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

import pytest

from harness.model import Finding, Level, Outcome
from harness.operations import scanner
from harness.operations.scanner import CONTROL, ScannerError, ScannerFiles, SearchedFile, run_scanner
from harness.operations.scanner_results import judge_scanner
from harness.secrets.values import Vault

SCANNER = """
import json, os, re, sys
folder, *options = sys.argv[1:]
results = []
for base, _, names in os.walk(folder):
    for path in (os.path.join(base, name) for name in names):
        if path.endswith("CONTROL") and "blind" in options:
            continue
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            for found in re.findall(r"ghp_[a-zA-Z0-9]{36}|PRIVATE KEY", line):
                uri = path if "absolute" in options else os.path.relpath(path, folder)
                region = {"startLine": number, "snippet": {"text": found}}
                place = {"artifactLocation": {"uri": uri}, "region": region}
                message = {"text": f"a token: {found}, of GitHub, {found[:12]}****"}
                level = options[0] if options else "error"
                locations = [{"physicalLocation": place}]
                results.append({"ruleId": "github", "message": message, "level": level, "locations": locations})
text = json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scan"}}, "results": results}]})
print(text, file=open(options[-1], "w") if options[1:2] == ["file"] else sys.stdout)
sys.exit(7)
"""


def token() -> str:
    return f"ghp_{secrets.token_hex(18)}"


def scanned(tmp_path: Path, files: list[SearchedFile], *options: str, vault: Vault | None = None) -> list[Finding]:
    program = tmp_path / "scan.py"
    program.write_text(SCANNER.replace("CONTROL", CONTROL))
    copies = ScannerFiles(tmp_path / "scanned", files)
    command = [sys.executable, str(program), "{files}", *options]
    report = run_scanner(command, copies, cwd=tmp_path, env={})
    return judge_scanner(report, copies, cwd=tmp_path, redact=vault.redact_whole if vault else str)


def log(tmp_path: Path, text: str, name: str = "logs/app 1.log") -> SearchedFile:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return SearchedFile(path=path, place=name)


@pytest.mark.parametrize("level,expected", [("error", Level.MUST), ("warning", Level.SHOULD), ("note", Level.SHOULD)])
@pytest.mark.parametrize("paths", ["relative", "absolute"])
def test_each_rule_and_file_is_one_finding(tmp_path: Path, level: str, expected: Level, paths: str) -> None:
    """Its level follows the scanner's; neither snippet nor what the message quotes is in it."""
    value = token()

    (found,) = scanned(tmp_path, [log(tmp_path, f"started\nusing {value}\nusing {token()}\n")], level, paths)

    assert (found.outcome, found.level) == (Outcome.FAIL, expected)
    assert found.summary == "The scanner of [operations] found a secret: github, in logs/app 1.log:2"
    assert found.observed == f"2 times, {level}: a token: [REDACTED], of GitHub, [REDACTED]"
    assert value[:8] not in found.to_json()


def test_clean_files_pass_with_the_control(tmp_path: Path) -> None:
    """The result in the control is the proof that the files were searched, and no finding; level `none` is none."""
    (found,) = scanned(tmp_path, [log(tmp_path, "started\n")])
    (quiet,) = scanned(tmp_path / "scanned", [log(tmp_path, token())], "none")

    assert (found.outcome, found.observed) == (Outcome.PASS, "scan: 1 files, and the control")
    assert quiet.outcome is Outcome.PASS


def test_a_scanner_that_does_not_find_the_control_proves_nothing(tmp_path: Path) -> None:
    """Silence is an error then; what it found elsewhere is reported as well."""
    (silent,) = scanned(tmp_path, [log(tmp_path, "started\n")], "error", "blind")
    found, also = scanned(tmp_path / "scanned", [log(tmp_path, token())], "error", "blind")

    assert (silent.outcome, silent.summary) == (Outcome.ERROR, "The scanner of [operations] could not search")
    assert silent.observed.startswith("scan reported no result in harness-control.env, which has made-up keys")
    assert (found.outcome, also.outcome) == (Outcome.FAIL, Outcome.ERROR)


def test_known_secrets_are_left_to_their_own_findings(tmp_path: Path) -> None:
    """A line with a value of harness.toml is a finding of the search for known values."""
    vault, known = Vault(seed=secrets.token_hex(), root=tmp_path), token()
    vault.add("env:KEY", known)

    (found,) = scanned(tmp_path, [log(tmp_path, f"key {known}\n")], vault=vault)

    assert found.outcome is Outcome.PASS


def test_the_document_may_be_a_file(tmp_path: Path) -> None:
    """`{sarif}` is its path; what the scanner prints is then ignored."""
    (found,) = scanned(tmp_path, [log(tmp_path, token())], "warning", "file", "{sarif}")

    assert found.level is Level.SHOULD
    assert list(tmp_path.glob("*.sarif")) == []


def test_files_of_one_name_and_lines_with_places_are_told_apart(tmp_path: Path) -> None:
    """A file outside the target's folder has a folder of its own; a line of spans is about a span."""
    one, other = log(tmp_path, token(), "a/app.log"), log(tmp_path, token(), "b/app.log")
    same = [SearchedFile(path=file.path, place="app.log") for file in (one, other)]
    spans = log(tmp_path, f"GET {token()}\n", "spans.jsonl")
    spans = SearchedFile(path=spans.path, place="spans.jsonl", place_of=lambda line: f"a span {line[:3].decode()}")

    found = scanned(tmp_path, [*same, spans])

    assert sorted(each.subject for each in found) == ["github in a span GET", "github in app.log"]


BROKEN = {
    "missing": (
        ["no-such-scanner", "{files}"],
        "'no-such-scanner' cannot be run: No such file or directory. Install it",
    ),
    "silent": (
        [sys.executable, "-c", "raise SystemExit(3)", "{files}"],
        "It exited with status 3, and its document is",
    ),
    "prose": (
        [sys.executable, "-c", "print('0 leaks')", "{files}"],
        "It exited with status 0, and its document is not",
    ),
    "killed": ([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)", "{files}"], "It was killed by SIGKILL."),
    "no-file": (
        [sys.executable, "-c", "", "{files}", "{sarif}"],
        "It exited with status 0, and {sarif} cannot be read",
    ),
    "slow": ([sys.executable, "-c", "import time; time.sleep(60)", "{files}"], "It did not end within 0.5 s."),
    "flood": (
        [sys.executable, "-c", "print('[' * 2000)", "{files}"],
        "It exited with status 0, and {sarif} cannot be read: it is larger than 1,000 bytes.",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_scanner_that_breaks_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What happened, without any of its output; nothing of it lives on."""
    monkeypatch.setattr(scanner, "WITHIN_S", 0.5 if name == "slow" else 30)
    monkeypatch.setattr(scanner, "MOST_BYTES", 1000)
    command, sentence = BROKEN[name]

    with pytest.raises(ScannerError) as raised:
        run_scanner(command, ScannerFiles(tmp_path / "scanned", []), cwd=tmp_path, env={})

    assert str(raised.value).startswith(sentence)


def test_the_control_holds_no_two_secrets_alike(tmp_path: Path) -> None:
    """It is made for each run, so that no list of known examples has it."""
    one, other = (ScannerFiles(tmp_path / name, []).folder / CONTROL for name in "ab")

    assert json.dumps(one.read_text()) != json.dumps(other.read_text())
    assert one.stat().st_mode & 0o077 == 0
