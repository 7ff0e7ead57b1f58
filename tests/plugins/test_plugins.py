"""The plugins under pytest itself: bare, with -n0 and -n2, without pytest-xdist, and one by one switched off."""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import msgspec
import pytest

from harness.model import Outcome, Report

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

WAYS = {"bare": (), "n0": ("-n0",), "n2": ("-n2",), "no-xdist": ("-p", "no:xdist")}
in_every_way = pytest.mark.parametrize("args", WAYS.values(), ids=WAYS.keys())
OURS = sorted(entry.name for entry in entry_points(group="pytest11") if entry.name.startswith("harness-"))
HEAVY = ("vcr", "schemathesis", "httpx", "jinja2", "msgspec", "yaml", "cryptography")

FINDS = """
import pytest
from harness import Finding, Outcome

@pytest.mark.verifies("own.backup")
@pytest.mark.parametrize("n", range(4))
def test_sees(findings, n):
    bad = n == 2
    findings.add(Finding(item="own.backup", outcome=Outcome.FAIL if bad else Outcome.PASS, summary=f"saw {n}",
                         expected="a backup", observed="a hole" if bad else "one", case=str(n)))
"""
PLAIN = "def test_plain(): pass\ndef test_other(): assert 1 + 1 == 2\n"


def without_time(report: Report) -> Report:
    return msgspec.structs.replace(report, run_id="", started_at="", duration_s=0)


def test_workers_give_the_same_report_as_a_serial_run(ready: Folder) -> None:
    """Findings travel from workers to the controller, and the report does not depend on who ran what."""
    ready.write("scenarios/test_more.py", FINDS)

    reports = [ended.report for ended in (ready.gate(), ready.gate("-n2")) if ended.report]

    assert len(reports) == 2
    serial, parallel = map(without_time, reports)
    own = next(item for item in serial.items if item.id == "own.backup")
    assert own.outcome is Outcome.FAIL
    assert [f.case for f in own.findings if f.case] == ["2", "0", "1", "3"]
    assert serial == parallel


@in_every_way
def test_a_failing_finding_fails_its_test(ready: Folder, args: tuple[str, ...]) -> None:
    """What a test attached decides, though no assertion failed; the summary names it with expectation and sight."""
    ready.write("scenarios/test_more.py", FINDS)

    ended = ready.pytest("scenarios/test_more.py", *args)

    assert ended.status == 1
    assert "1 failed, 3 passed" in ended.out
    assert "own.backup: saw 2: a hole, expected a backup" in ended.out


@in_every_way
def test_pytest_without_a_target_is_left_alone(folder: Folder, args: tuple[str, ...]) -> None:
    """Without harness.toml nothing is added to a run: no summary, no file, pytest's own exit status."""
    folder.write("test_plain.py", PLAIN)

    ended = folder.pytest(*args)

    assert ended.status == 0
    assert "2 passed" in ended.out
    assert "readiness =" not in ended.out
    assert [p.name for p in folder.path.iterdir() if p.name != "__pycache__"] == ["test_plain.py"]


@in_every_way
def test_a_secret_in_a_failing_test_is_taken_out(ready: Folder, args: tuple[str, ...]) -> None:
    """Traceback, captured output and the report show the name of a known secret, not its value."""
    value = os.urandom(16).hex()
    toml = (ready.path / "harness.toml").read_text(encoding="utf-8")
    provider = 'spec = "x"\nbase_url = "http://127.0.0.1:9"\nauth = { type = "bearer", token = "env:THE_KEY" }\n'
    ready.write("harness.toml", f"{toml}[provider]\n{provider}")
    text = '@pytest.mark.verifies("own.backup")\ndef test_more():\n    key = os.environ["THE_KEY"]\n    print(key)\n'
    ready.write("scenarios/test_more.py", f"import os, pytest\n{text}    assert key == 'another'\n")

    ended = ready.pytest("scenarios", "-l", "--junitxml=junit.xml", *args, THE_KEY=value)

    assert ended.status == 1
    assert "[REDACTED env:THE_KEY]" in ended.out
    assert value not in ended.text + (ready.path / "junit.xml").read_text()


@in_every_way
def test_an_unknown_item_is_an_error_with_the_nearest(ready: Folder, args: tuple[str, ...]) -> None:
    """A misspelt item fails its test before it can seem to prove something."""
    ready.write("scenarios/test_more.py", "import pytest\n@pytest.mark.verifies('own.bakcup')\ndef test_more(): pass\n")

    ended = ready.pytest("scenarios", *args)

    assert ended.status == 1
    assert "no checklist item is called 'own.bakcup'. Did you mean 'own.backup'?" in ended.out


def test_a_finding_cannot_waive(ready: Folder) -> None:
    """Only harness.toml waives; a test that says so is in error."""
    ready.write("scenarios/test_more.py", FINDS.replace("Outcome.FAIL if bad", "Outcome.WAIVED if bad"))

    ended = ready.pytest("scenarios")

    assert "a finding cannot be 'waived'. Add a [[waiver]] to harness.toml instead." in ended.out
    assert ended.status == 1


@pytest.mark.parametrize("name", OURS)
def test_each_plugin_can_be_switched_off(ready: Folder, name: str) -> None:
    """`-p no:NAME` leaves a plain run, with a target or without, as good as it was."""
    ready.write("scenarios/test_own.py", PLAIN)

    ended = ready.pytest("scenarios", "-p", f"no:{name}")

    assert ended.status == 0, ended.text
    assert "2 passed" in ended.out


def test_all_plugins_can_be_switched_off(ready: Folder) -> None:
    """Nothing of the harness is then left in a run."""
    ready.write("scenarios/test_own.py", PLAIN)

    ended = ready.pytest("scenarios", *(word for name in OURS for word in ("-p", f"no:{name}")))

    assert (ended.status, "readiness =" in ended.out) == (0, False), ended.text


def test_an_idle_plugin_imports_nothing_heavy(folder: Folder) -> None:
    """A run without harness.toml loads none of the libraries that the rooms are built on."""
    test = f"import sys\ndef test_idle():\n    assert [m for m in {HEAVY} if m in sys.modules] == []\n"
    folder.write("test_idle.py", test)
    # Plugins of others import what they please.
    spared = ("schemathesis", "hypothesispytest", "pytest_httpserver", "anyio", "xdist")

    ended = folder.pytest(*(word for name in spared for word in ("-p", f"no:{name}")))

    assert ended.status == 0, ended.text


def test_options_bear_one_prefix_and_the_marker_is_registered(folder: Folder) -> None:
    """Every option of ours begins with --harness-, and `pytest --markers` tells of `verifies`."""
    listed = folder.pytest("--help", "--markers")
    helped = folder.pytest("--help").out.partition("readiness harness:")[2].partition("\n\n")[0]

    options = [line.split()[0] for line in helped.splitlines() if line.strip().startswith("-")]
    assert len(options) >= 5
    assert all(option.startswith("--harness-") for option in options), options
    assert "@pytest.mark.verifies(item, ..., level): " in folder.pytest("--markers").out + listed.out


def test_an_unknown_mode_is_named_with_the_nearest(folder: Folder) -> None:
    """`--harness-mode` refuses what it does not know, with pytest's status for wrong usage."""
    folder.write("test_plain.py", PLAIN)

    ended = folder.pytest("--harness-mode=repaly")

    assert ended.status == 4
    assert "'repaly' is not a mode. Did you mean 'replay'?" in ended.err


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["bare", "n2"])
def test_a_misspelt_hook_is_refused(ready: Folder, args: tuple[str, ...]) -> None:
    """The hooks are declared, so a conftest that misspells one does not stay silent."""
    ready.write("conftest.py", "def pytest_harness_raport(report): pass")

    ended = ready.pytest("scenarios", *args)

    assert ended.status == 3
    assert "unknown hook 'pytest_harness_raport'" in ended.text


@pytest.mark.parametrize("name", ["run_context", "world"])
def test_the_target_is_a_fixture_under_its_old_name_too(ready: Folder, name: str) -> None:
    """`world` works as `run_context` does, and its warning names that."""
    ready.write("scenarios/test_more.py", f"def test_more({name}): assert {name}.config.target.name == 'Tiny'")

    ended = ready.pytest("scenarios")

    assert ended.status == 0, ended.text
    warned = "DeprecationWarning: The fixture `world` is now called `run_context`." in ended.text
    assert warned is (name == "world")


@pytest.mark.parametrize("name", ["context", "world"])
def test_hooks_are_given_the_target_under_its_old_name_too(ready: Folder, name: str) -> None:
    """A hook that takes `world` is called as one that takes `context`, and its warning names that."""
    body = f"def pytest_harness_final_findings({name}): print('final of', {name}.target.summary.name); return []\n"
    ready.write("conftest.py", body + f"def pytest_harness_target_ready({name}): print('ready', {name}.run.run_id)\n")

    ended = ready.gate("-s")

    assert ended.status == 0, ended.text
    assert "final of Tiny" in ended.out
    assert "ready " in ended.out
    warned = "DeprecationWarning: The hook argument `world` is now called `context`." in ended.text
    assert warned is (name == "world")
