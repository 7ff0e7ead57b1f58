"""Every way into the report: what cannot enter it is told, and the verdict is not READY."""

from __future__ import annotations

import os
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from harness.model import Finding, Outcome, Verdict
from harness.plugins.findings import Findings

if TYPE_CHECKING:
    from harness.reports.bounds import Kind
    from tests.plugins.conftest import Folder

MADE = """
import contextlib, os, pytest
from harness import Finding, Outcome

def made(item="own.backup", outcome=Outcome.FAIL, **fields):
    return Finding(**{"item": item, "outcome": outcome, "summary": "no backup", **fields})

"""
FINAL = "def pytest_harness_final_findings(config):\n    "
TEST = "@pytest.mark.verifies('own.backup')\ndef test_{}(findings, record_property):\n    {}\n\n"
NEAREST = "no checklist item is called 'own.bakcup'. Did you mean 'own.backup'?"
CAUGHT = "with contextlib.suppress(Exception):\n        findings.add({})"
HOOKS = {
    "misspelt": ("return [made('own.bakcup')]", NEAREST),
    "none": ("pass", "returned None. Return a list of findings, which may be empty."),
    "one": ("return made()", "returned Finding. Return a list"),
    "text": ("return ['no backup']", "str is not a finding"),
    "outcome": ("return [made(outcome='FAIL')]", "Invalid enum value 'FAIL'"),
    "generator": (
        "yield made(summary='before')\n    yield 1 / 0",
        "raised an error: ZeroDivisionError: division by zero",
    ),
    "exits": ("raise SystemExit(0)", "raised an error: SystemExit: 0"),
    "skips": ("pytest.skip('not here')", "raised an error: Skipped: not here"),
}
TESTS = {
    "garbage": ("record_property('harness.finding', 'x')", "its property is not the JSON of a finding"),
    "misspelt": ("record_property('harness.finding', made('own.bakcup').to_json())", NEAREST),
    "caught": (CAUGHT.format("made('own.bakcup')"), NEAREST),
    "none": (CAUGHT.format("None"), "NoneType is not a finding"),
    "problem": ("record_property('harness.problem', '{}')", "its property is not the JSON of a finding"),
}


def test_what_a_hook_returns_enters_or_is_told(ready: Folder) -> None:
    """Whatever a plugin returns from the hook, the report names hook and plugin, and holds the findings of others."""
    value = os.urandom(16).hex()
    toml = (ready.path / "harness.toml").read_text(encoding="utf-8")
    ready.write("harness.toml", f'{toml}[client]\ncommand = ["true"]\nenv = {{ KEY = "env:THE_KEY" }}\n')
    fields = ("summary", "observed", "fix", "source", "case", "id", "test")
    secret = ", ".join(f"{name}=os.environ['THE_KEY']" for name in fields)
    names = [f"plugin_{name}" for name in HOOKS]
    ready.write("conftest.py", f"{MADE}pytest_plugins = {names}\n{FINAL}return [made({secret})]")
    for name, (body, _) in HOOKS.items():
        ready.write(f"plugin_{name}.py", MADE + FINAL + body)

    ended = ready.gate(THE_KEY=value, PYTHONPATH=str(ready.path))

    assert (ended.status, ended.verdict) == (1, Verdict.NOT_READY), ended.text
    for name, (_, says) in HOOKS.items():
        (told,) = [line for line in ended.problems.splitlines() if f"final_findings of plugin_{name}" in line]
        assert says in told
    assert ended.report is not None
    own = next(item for item in ended.report.items if item.id == "own.backup")
    assert {f.summary for f in own.findings if f.outcome is Outcome.FAIL} == {"before", "[REDACTED env:THE_KEY]"}
    assert value not in ended.text + (ready.reports / "readiness.json").read_text(encoding="utf-8")


def test_a_finding_that_passes_and_is_misspelt_is_not_lost_either(ready: Folder) -> None:
    """What nobody can place leaves the verdict open, and the gate does not exit with 0."""
    ready.write("conftest.py", f"{MADE}{FINAL}return [made('own.bakcup', Outcome.PASS)]")

    ended = ready.gate()

    assert (ended.status, ended.verdict) == (1, Verdict.INCOMPLETE), ended.text
    assert NEAREST in ended.problems


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["bare", "n2"])
def test_what_a_test_attaches_enters_or_is_told(ready: Folder, args: tuple[str, ...]) -> None:
    """An invalid finding, or one of no item, fails its test and the verdict, even if the test catches the error."""
    tests = "".join(TEST.format(name, body) for name, (body, _) in TESTS.items())
    ready.write("scenarios/test_more.py", MADE + tests)

    ended = ready.gate(*args)

    assert (ended.status, ended.verdict) == (1, Verdict.NOT_READY), ended.text
    for name, (_, says) in TESTS.items():
        about = [line for line in ended.problems.splitlines() if f"test_more.py::test_{name}" in line]
        assert says in "\n".join(about)


def test_a_property_that_another_plugin_added_is_read_as_well(ready: Folder) -> None:
    """What stands on a report under the name of a finding, and is none, keeps the verdict from READY."""
    hook = "@pytest.hookimpl(wrapper=True, tryfirst=True)\ndef pytest_runtest_makereport():\n    report = yield\n"
    adds = "    report.user_properties.append(('harness.finding', '[]'))\n    return report\n"
    ready.write("conftest.py", MADE + hook + adds)

    ended = ready.gate()

    assert (ended.status, ended.verdict) == (1, Verdict.INCOMPLETE), ended.text
    assert "its property is not the JSON of a finding" in ended.problems


def test_a_property_that_is_a_finding_is_one(ready: Folder) -> None:
    """What a test records under the name of a finding is taken as if it were attached: of this test, seen live."""
    text = "record_property('harness.finding', made(outcome=Outcome.PASS, test='other', mode='recorded').to_json())"
    ready.write("scenarios/test_more.py", MADE + TEST.format("more", text))

    ended = ready.gate()

    assert ended.verdict is Verdict.READY, ended.text
    assert ended.report is not None
    own = next(item for item in ended.report.items if item.id == "own.backup")
    found: list[Finding] = [f for f in own.findings if f.summary == "no backup"]
    assert [(f.test, f.mode) for f in found] == [("scenarios/test_more.py::test_more", "live")]


def test_a_fixture_that_finds_something_at_its_end_fails_the_test(ready: Folder) -> None:
    """A finding attached while a fixture is torn down decides as one of the test itself does."""
    fixture = "@pytest.fixture\ndef late(findings):\n    yield\n    findings.add(made())\n\n"
    ready.write("scenarios/test_more.py", MADE + fixture + "def test_more(late): pass\n")

    ended = ready.pytest("scenarios")

    assert ended.status == 1, ended.text
    assert "own.backup: no backup" in ended.out
    assert "2 passed, 1 error" in ended.out


@pytest.mark.parametrize("words", ["level='shall'", "levl='should'"])
def test_a_marker_with_a_level_there_is_not_fails_its_test(ready: Folder, words: str) -> None:
    """A misspelt level ends its test before it can seem to prove something."""
    test = f"import pytest\n@pytest.mark.verifies('own.backup', {words})\ndef test_more(): pytest.skip('not here')\n"
    ready.write("scenarios/test_more.py", test)

    ended = ready.gate()

    assert (ended.status, ended.verdict) == (1, Verdict.INCOMPLETE), ended.text
    assert f"takes ids of items, and level='must' or level='should', not {words}" in ended.text


def of_one_cause(test: str, shown: Counter[Kind]) -> Findings:
    """Return the findings of a test of an operation that the server does not have."""
    context: Any = SimpleNamespace(
        admission=SimpleNamespace(admit=lambda finding, *_, **__: finding),
        config=SimpleNamespace(waiver=()),
        checklist=(),
        reproduce=lambda _: "",
    )
    findings = Findings(context, test, recorded=False, shown=shown)
    found = Finding(item="contract.fuzz", outcome=Outcome.FAIL, summary=test, check="unserved", cause="it is not there")
    findings.add(found.named(test, "unserved", "it is not there"))
    return findings


def test_one_cause_fails_one_test_however_often_that_is_run() -> None:
    """Later tests name the cause; the first, when it is run again, fails as before."""
    shown: Counter[Kind] = Counter()
    attempts = [of_one_cause(test, shown) for test in ("GET /a", "GET /b", "GET /a", "GET /b")]

    assert [bool(findings.failure()) for findings in attempts] == [True, False, True, False]
    assert [findings.category for findings in attempts] == ["", "same cause", "", "same cause"]
