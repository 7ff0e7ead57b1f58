"""Plain pytest: its readiness section is about the items that its tests touched, and about nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.plugins.conftest import NAMED, OWN_ITEM, PASSES

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder
    from tests.plugins.conftest import Outcome as Ended

ORDINARY = "".join(f"def test_ordinary_{n}(): pass\n" for n in range(10))
FAILS = ORDINARY + "def test_that_fails(): assert 1 == 2\n"
SECOND = OWN_ITEM.replace("own.backup", "own.restore").replace("Make one.", "Restore one.")
WHOLE = "Run the whole checklist: harness gate"
BROKEN = PASSES.replace("own.backup", "own.restore").replace("_backup_", "_restore_") + "    assert 'dump' == 'none'\n"
SKIPPED = "import pytest\n@pytest.mark.verifies('own.restore')\ndef test_more(): pytest.skip('no tape here')\n"
LOADED = """
import sys

def pytest_unconfigure():
    with open("loaded", "w") as file:
        file.write(" ".join(m for m in ("harness.reports.plain_run", "jinja2") if m in sys.modules))
"""


def section(ended: Ended) -> list[str]:
    """Return the lines of the readiness section, none where there is no section."""
    lines = ended.out.splitlines()
    heads = [n for n, line in enumerate(lines) if line.startswith("=") and " readiness " in line]
    if not heads:
        return []
    (head,) = heads
    end = next(n for n, line in enumerate(lines) if n > head and re.match(r"=|\d+ (passed|failed)", line))
    return lines[head + 1 : end]


@pytest.fixture
def team(folder: Folder) -> Folder:
    """A team's project: ten ordinary tests, and one that verifies an item of the team's own."""
    folder.write("harness.toml", NAMED + OWN_ITEM + SECOND)
    folder.write("scenarios/test_own.py", PASSES)
    folder.write("tests/test_ordinary.py", ORDINARY)
    return folder


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["bare", "n2"])
def test_what_holds_takes_two_lines(team: Folder, args: tuple[str, ...]) -> None:
    """The section names the touched item and the command for the rest; it has no verdict, and no report is written."""
    ended = team.pytest(*args)

    assert ended.status == 0, ended.text
    assert section(ended) == ["\N{CHECK MARK} pass    own.backup", WHOLE]
    assert "INCOMPLETE" not in ended.text
    assert not team.reports.exists()


@pytest.mark.parametrize("args", [("tests",), ("-k", "ordinary"), ("--collect-only",), ("-q",)])
def test_a_run_that_has_nothing_to_report_adds_nothing(team: Folder, args: tuple[str, ...]) -> None:
    """Ordinary tests, deselection, a mere collection, and ``-q`` without a failure leave pytest's output unchanged."""
    ended = team.pytest(*args)

    assert ended.status == 0, ended.text
    assert "readiness =" not in ended.out


@pytest.mark.parametrize("scenario, loaded", [((), ""), (("scenarios",), "harness.reports.plain_run")])
def test_a_run_loads_only_what_it_prints_with(team: Folder, scenario: tuple[str, ...], loaded: str) -> None:
    """The section's text is made only where there is one, and the library for the HTML page only for a page."""
    team.write("conftest.py", LOADED)

    ended = team.pytest("tests", *scenario)

    assert ended.status == 0, ended.text
    assert (team.path / "loaded").read_text() == loaded


@pytest.mark.parametrize("args", [(), ("-q",), ("--exitfirst",)])
def test_a_touched_item_that_fails_is_shown_with_its_fix(team: Folder, args: tuple[str, ...]) -> None:
    """The finding and its fix follow the failure, even if the run ends there; the exit status is pytest's."""
    team.write("scenarios/test_more.py", BROKEN)

    ended = team.pytest("scenarios/test_more.py", "scenarios/test_own.py", *args)

    assert ended.status == 1, ended.text
    lines = section(ended)
    assert lines[0].startswith("\N{MULTIPLICATION X} fail    own.restore: test_the_restore_is_there: AssertionError")
    assert lines[1] == "          Fix: Restore one."
    assert lines[-1] == WHOLE
    assert len(lines) == (4 if args == () else 3)
    assert "NOT READY" not in ended.text


def test_an_ordinary_test_that_fails_is_pytest_s_business(team: Folder) -> None:
    """A failure that concerns no item changes nothing in the section, and adds no section if no item is touched."""
    team.write("tests/test_ordinary.py", FAILS)

    both, ordinary = team.pytest(), team.pytest("tests")

    assert (both.status, ordinary.status) == (1, 1)
    assert section(both) == ["\N{CHECK MARK} pass    own.backup", WHOLE]
    assert section(ordinary) == []
    assert "checklist item" not in both.text + ordinary.text


def test_the_gate_still_counts_an_ordinary_test_that_fails(ready: Folder) -> None:
    """A failure that plain pytest leaves out of its section still keeps the gate from READY."""
    ready.write("scenarios/test_ordinary.py", FAILS)

    ended = ready.gate()

    assert ended.status == 1
    assert "NOT READY: 1 blocker" in ended.out
    assert "test_ordinary.py::test_that_fails failed" in ended.problems


def test_verbose_shows_each_item_with_what_was_seen(team: Folder) -> None:
    """``-v`` gives each touched item a line; a skipped item has its reason with and without ``-v``."""
    team.write("scenarios/test_more.py", SKIPPED)

    verbose, plain = team.pytest("-v"), team.pytest()

    skipped = "? not run own.restore: test_more: no tape here"
    assert section(verbose) == ["\N{CHECK MARK} pass    own.backup: test_the_backup_is_there passed", skipped, WHOLE]
    assert section(plain) == ["\N{CHECK MARK} pass    own.backup", skipped, WHOLE]


def test_a_finding_without_a_marker_touches_its_item(team: Folder) -> None:
    """An ordinary test that attaches a finding touches the item of that finding only."""
    found = "findings.add(Finding(item='own.restore', outcome=Outcome.PASS, summary='restored 3 tables'))"
    test = f"from harness import Finding, Outcome\ndef test_more(findings):\n    {found}\n"
    team.write("tests/test_more.py", test)

    ended = team.pytest("tests", "-v")

    assert section(ended) == ["\N{CHECK MARK} pass    own.restore: restored 3 tables", WHOLE]


def test_a_waiver_that_expired_is_named_where_it_would_have_helped(team: Folder) -> None:
    """The section shows why a waived failure fails again, and no waiver of an item that is not touched."""
    over = '[[waiver]]\nitem = "{}"\nreason = "r"\nowner = "ops"\nexpires = 2020-01-01\n'
    team.write("harness.toml", NAMED + OWN_ITEM + SECOND + over.format("own.restore") + over.format("auth.accepts"))
    team.write("scenarios/test_more.py", BROKEN)

    lines = section(team.pytest())

    (expired,) = [line for line in lines if "expired" in line]
    assert "own.restore (owner ops) expired on 2020-01-01" in expired


def test_a_hook_that_breaks_is_reported(team: Folder) -> None:
    """The section contains a problem that no failed test shows."""
    team.write("conftest.py", "def pytest_harness_final_findings(config): return 1 / 0\n")

    assert "raised an error: ZeroDivisionError" in section(team.pytest())[0]


def test_the_shipped_checks_alone_write_their_report(team: Folder) -> None:
    """The shipped checks, selected by name, write a report of the whole checklist, and the section names its path."""
    ended = team.pytest("--pyargs", "harness.suite", "scenarios")

    assert section(ended)[-2:] == [f"Report: {team.reports / 'readiness.html'}", WHOLE]
    assert ended.report is not None
    assert "INCOMPLETE" not in ended.out


@pytest.mark.parametrize("command", ["gate", "pytest"])
def test_a_target_in_pyproject_is_as_good(command: str, ready: Folder) -> None:
    """A READY target whose description moves to [tool.harness] stays READY, and plain pytest finds it."""
    toml = (ready.path / "harness.toml").read_text(encoding="utf-8")
    (ready.path / "harness.toml").unlink()
    ready.write("pyproject.toml", re.sub(r"(?m)^(\[+)", r"\1tool.harness.", toml))

    ended = ready.gate() if command == "gate" else ready.pytest()

    assert ended.status == 0, ended.text
    if command == "gate":
        assert ended.report is not None
        assert ended.report.target.config == "pyproject.toml"
    else:
        assert section(ended)[:1] == ["✓ pass    own.backup"]
