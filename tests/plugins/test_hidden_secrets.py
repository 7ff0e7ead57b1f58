"""Secrets of the target in all that a test, a conftest or a module can show: nothing that pytest leaves holds one."""

from __future__ import annotations

import secrets

import pytest

from tests.plugins.conftest import Folder, Outcome

HIDDEN = "[REDACTED env:HOOK]"
TARGET = """
[target]
name = "Tiny"
scenarios = ["scenarios"]
[receiver]
url = "http://127.0.0.1:9/hooks"
[receiver.signature]
scheme = "github"
secret = "env:HOOK"
"""
TESTS = """
import logging, os, sys, warnings
import pytest
from harness import Finding

S = os.environ["HOOK"]

@pytest.mark.parametrize("token", [S, S.encode()])
def test_value(token):
    assert token == "x"

@pytest.mark.parametrize("token", [1, pytest.param(2, id="p" + S)], ids=["a" + S, None])
def test_ids(token):
    pass

@pytest.mark.parametrize("token", [1], ids=lambda _: "f" + S)
def test_function_of_ids(token):
    pass

@pytest.fixture(params=[1], ids=(name for name in ["g" + S]))
def given(request):
    return request.param

def test_fixture(given):
    warnings.warn("a warning " + S)

def test_printed():
    print("printed", S)
    print(S[:9], end="", file=sys.stderr, flush=True)
    print(S[9:], file=sys.stderr)
    logging.getLogger("x").warning("logged %s", S)

def test_skipped():
    pytest.skip("skipped " + S)

@pytest.mark.xfail(reason="expected " + S)
def test_expected():
    raise ValueError(S)

def test_properties(record_property, record_testsuite_property, record_xml_attribute):
    record_property("text", S)
    record_property("list", {"a": [S]})
    record_testsuite_property("suite", S)
    record_xml_attribute("attribute", S)

def test_finding(findings):
    findings.add(Finding(item="secrets.never-logged", outcome="fail", summary=S, fix=S, aliases=(S,), check=S))
"""
FILES = {
    "harness.toml": TARGET,
    "scenarios/test_tests.py": TESTS,
    "scenarios/test_broken.py": 'import os\nraise RuntimeError("broken " + os.environ["HOOK"])\n',
    "scenarios/test_module.py": """
import os, pytest
pytest.skip("module " + os.environ["HOOK"], allow_module_level=True)
""",
    "scenarios/sub/conftest.py": 'import os\nraise RuntimeError("conftest " + os.environ["HOOK"])\n',
    "scenarios/sub/test_sub.py": "def test_sub(): pass\n",
}
WRITTEN = ("--junitxml=out/junit.xml", "-o", "junit_logging=all", "--log-file=out/log.txt")
SHOWN = ("-vv", "-rA", "--durations=0", "--continue-on-collection-errors")
CONFTESTS = {
    "that fails as it is imported": 'print("printed " + S)\nraise RuntimeError(S)\n',
    "that refuses the command line": "def pytest_configure(config):\n    raise pytest.UsageError(S)\n",
    "that ends the run": "def pytest_collection_modifyitems(items):\n    pytest.exit(S)\n",
    "that breaks pytest": "def pytest_runtest_logreport(report):\n    raise ValueError(S)\n",
    "that prints a header": "def pytest_report_header(config):\n    return S\n",
    "that changes a report": "def pytest_runtest_logreport(report):\n    report.sections.append(('x', S))\n",
}


@pytest.fixture
def value() -> str:
    return secrets.token_hex(18)


@pytest.fixture
def target(folder: Folder) -> Folder:
    for name, text in FILES.items():
        folder.write(name, text)
    return folder


def shown(target: Folder, done: Outcome) -> dict[str, str]:
    """Return everything that a run printed and wrote, by its place."""
    files = (path for path in target.path.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {"stdout": done.out, "stderr": done.err, **{str(path): path.read_text() for path in files}}


def leaks(target: Folder, done: Outcome, value: str) -> list[str]:
    """Return the places in which the value stands, or a good part of it."""
    parts = {value[at : at + 12] for at in range(len(value) - 11)}
    return [place for place, text in shown(target, done).items() if any(part in text for part in parts)]


@pytest.mark.parametrize("spread", [(), ("-p", "xdist", "-n2")], ids=["one process", "workers"])
def test_nothing_that_pytest_leaves_holds_a_secret(target: Folder, value: str, spread: tuple[str, ...]) -> None:
    """Terminal, JUnit, log file and cache name it, whatever test, module or conftest showed it."""
    done = target.run("-m", "pytest", "scenarios", *SHOWN, *WRITTEN, *spread, HOOK=value)

    assert leaks(target, done, value) == []
    for said in ("broken", "module", "conftest", "skipped", "expected", "a warning", "printed", "logged"):
        assert f"{said} {HIDDEN}" in done.out
    for name in ("test_ids[a{}]", "test_ids[p{}]", "test_function_of_ids[f{}]", "test_fixture[g{}]"):
        assert name.format(HIDDEN) in done.out
    junit = (target.path / "out/junit.xml").read_text()
    if not spread:  # pytest-xdist loses what is about the whole suite
        assert f'name="suite" value="{HIDDEN}"' in junit
    assert "name=\"list\" value=\"{'a': ['[REDACTED env:HOOK]']}\"" in junit
    assert f"test_value[{HIDDEN}0]" in (target.path / ".pytest_cache/v/cache/lastfailed").read_text()


@pytest.mark.parametrize(
    "ids", ["test_ids[p{}]", "test_value[{}0]", "test_fixture[g{}]"], ids=["mark", "value", "fixture"]
)
def test_a_test_is_run_again_by_the_name_that_was_shown(target: Folder, value: str, ids: str) -> None:
    """The name that replaces the secret is the test's own."""
    done = target.pytest(f"scenarios/test_tests.py::{ids.format('[REDACTED env:HOOK]')}", HOOK=value)

    assert "1 passed" in done.out or "1 failed" in done.out


@pytest.mark.parametrize("text", CONFTESTS.values(), ids=CONFTESTS.keys())
def test_no_conftest_shows_a_secret(target: Folder, value: str, text: str) -> None:
    """Neither before the target is read nor after the session."""
    target.write("conftest.py", f'import os, pytest\nS = os.environ["HOOK"]\n{text}')

    done = target.pytest("scenarios/test_tests.py", "-k", "finding or printed", HOOK=value)

    assert leaks(target, done, value) == []
    assert HIDDEN in done.text


HOOKS = """
import os, warnings
import pytest
from harness import Finding
S = os.environ["HOOK"]
print("conftest", S)

def pytest_harness_target_ready(context):
    print("ready", S)

def pytest_harness_final_findings(context):
    given = {"summary": "final " + S, "fix": S, "observed": S, "reproduce": S, "source": S, "aliases": (S,), "check": S}
    return [Finding(item="own.backup", outcome="fail", **given)]

def pytest_harness_report(report):
    print("report", S, report)
"""


def test_no_output_of_a_gate_holds_a_secret(ready: Folder, value: str) -> None:
    """Terminal and reports, whatever scenarios, conftest and hooks show."""
    toml = (ready.path / "harness.toml").read_text()
    receiver = TARGET.partition("[receiver]")[2]
    ready.write("harness.toml", f"{toml}\n[receiver]{receiver}")
    ready.write("scenarios/conftest.py", HOOKS)
    ready.write("scenarios/test_tests.py", TESTS)

    done = ready.gate("-s", "-rA", "--junitxml=junit.xml", HOOK=value)

    assert leaks(ready, done, value) == []
    assert done.report is not None
    assert f"final {HIDDEN}" in done.told
    assert f"conftest {HIDDEN}" in done.text
    assert f"report {HIDDEN}" in done.text


def test_the_output_of_a_folder_without_a_target_is_pytests(folder: Folder, value: str) -> None:
    """Nothing is known there, so nothing is touched."""
    folder.write("test_it.py", "import sys\ndef test_it():\n    assert type(sys.__stdout__).__name__ == 'x'\n")

    assert "TextIOWrapper" in folder.pytest("-s", HOOK=value).out


def test_what_prints_to_the_streams_of_the_run_is_redacted(target: Folder, value: str) -> None:
    """Also where nothing is captured."""
    target.write("scenarios/test_tests.py", "import os\ndef test_it():\n    print('seen', os.environ['HOOK'])\n")

    done = target.pytest("scenarios/test_tests.py", "-s", HOOK=value)

    assert "seen [REDACTED env:HOOK]" in done.out
    assert leaks(target, done, value) == []
