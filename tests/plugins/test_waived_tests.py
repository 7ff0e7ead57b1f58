"""What becomes of a test whose findings failed: waived, warned or failed, in plain pytest as in the gate."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest

from harness.model import Verdict
from tests.plugins.conftest import OWN_ITEM

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

SOON = dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=30)
WAIVER = '[[waiver]]\nitem = "own.backup"\nreason = "known"\nowner = "ops"\nexpires = {}\n'
TESTS = """
import pytest
from harness import Finding, Level, Outcome

def failed(id, **fields):
    return Finding(item="own.backup", outcome=Outcome.FAIL, summary="no backup", id=id, **fields)

def test_waived(findings):
    findings.add(failed("F-1"))

def test_next(findings):
    findings.add(Finding(item="own.backup", outcome=Outcome.PASS, summary="a backup"))
"""
BAD = {
    "asserts": 'findings.add(failed("F-1")); assert False',
    "another": 'findings.extend([failed("F-1"), failed("F-2")])',
    "no waiver": 'findings.add(failed("F-2"))',
}


def known(folder: Folder, *, expires: object = SOON, finding: str = 'finding = "F-1"\n', tests: str = TESTS) -> Folder:
    """Return the folder with a waiver, and with tests that attach findings."""
    toml = (folder.path / "harness.toml").read_text(encoding="utf-8")
    folder.write("harness.toml", f"{toml}{WAIVER.format(expires)}{finding}")
    folder.write("scenarios/test_own.py", tests)
    return folder


@pytest.mark.parametrize("finding", ['finding = "F-1"\n', ""], ids=["by id", "item"])
@pytest.mark.parametrize("args", [("-x",), ("--maxfail=1", "-v"), ("-n2",)], ids=" ".join)
def test_a_waived_failure_fails_no_test(ready: Folder, finding: str, args: tuple[str, ...]) -> None:
    """A test all of whose failed findings are waived passes as "waived", with any option and on any worker."""
    ended = known(ready, finding=finding).pytest(*args, "--junit-xml=junit.xml")

    assert ended.status == 0
    assert "1 passed, 1 waived" in ended.out.splitlines()[-1]
    assert 'errors="0" failures="0" skipped="0" tests="2"' in (ready.path / "junit.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("body", BAD.values(), ids=list(BAD))
def test_what_else_fails_fails_the_test(ready: Folder, body: str) -> None:
    """A waiver of one finding excuses neither an assertion nor another finding of the same test."""
    ended = known(ready, tests=TESTS.replace('findings.add(failed("F-1"))', body)).pytest()

    assert ended.status == 1
    assert "1 failed, 1 passed" in ended.out.splitlines()[-1]


def test_a_waiver_that_has_expired_is_named_in_the_failure(ready: Folder) -> None:
    """A test that failed because its waiver has ended shows whose it was, and since when."""
    ended = known(ready, expires="2020-01-01").pytest()

    assert ended.status == 1
    assert "waiver: that of ops expired on 2020-01-01. Fix what it excuses, or renew it in harness.toml" in ended.out


def test_a_finding_of_a_fixture_s_end_can_be_waived(ready: Folder) -> None:
    """What a fixture attaches when it ends fails the test unless it is waived, and says so."""
    fixture = '@pytest.fixture\ndef late(findings):\n    yield\n    findings.add(failed("{}"))\n'
    tests = f"{TESTS}\n{fixture}\ndef test_late(late): pass\n"

    waived = known(ready, tests=tests.format("F-1")).pytest("-k", "late")
    ready.write("scenarios/test_own.py", tests.format("F-2"))
    failed = ready.pytest("-k", "late")

    assert (waived.status, failed.status) == (0, 1)
    assert "1 passed, 1 waived" in waived.out.splitlines()[-1].replace("2 deselected, ", "")


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["alone", "workers"])
def test_the_last_line_after_ready_counts_no_failed_test(ready: Folder, args: tuple[str, ...]) -> None:
    """In the gate a failed recommendation is a warning, and a waived finding is waived: neither is a failed test."""
    tests = f'{TESTS}\ndef test_weak(findings):\n    findings.add(failed("F-3", level=Level.SHOULD))\n'
    holds = "\n@pytest.mark.verifies('own.restore')\ndef test_restore(): pass\n"
    known(ready, tests=tests + holds)
    toml = (ready.path / "harness.toml").read_text(encoding="utf-8")
    ready.write("harness.toml", toml + OWN_ITEM.replace("own.backup", "own.restore"))

    gate = ready.gate(*args)
    plain = ready.pytest()

    assert (gate.status, gate.verdict) == (0, Verdict.READY), gate.text
    assert f" waived until {SOON}" in next(line for line in gate.out.splitlines() if line.startswith("READY, "))
    assert f"F-1 of own.backup: waived by ops until {SOON}: known" in gate.out
    ends = [line for line in gate.out.splitlines() if re.search(r" in [\d.]+s\b", line)]
    assert not any("failed" in line for line in ends)
    assert "1 waived, 1 warned" in ends[-1] or "1 warned, 1 waived" in ends[-1]
    assert "1 failed" in plain.out.splitlines()[-1]
