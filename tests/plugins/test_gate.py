"""The exit status of the gate: 0 for a target that is READY, and for nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pytest

from harness.context.gate_request import GateRequest
from harness.core.folder_lock import locked_folder
from harness.model import Verdict

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder, Outcome

WAYS: dict[str, tuple[str, ...]] = {
    "bare": (),
    "n0": ("-n0",),
    "n2": ("-n2",),
    "no-xdist": ("-p", "no:xdist"),
}
NONE, INCOMPLETE, NOT_READY = None, Verdict.INCOMPLETE, Verdict.NOT_READY
STANDS = '@pytest.mark.verifies("own.backup")\n'
FAILS = "def test_more(): assert False"
WAIVED_FINDING = "__import__('harness').Finding(item='own.backup', outcome='waived', summary='x')"
WAIVED = f"findings.add({WAIVED_FINDING})"
ADDS_LATER = """
import threading, pytest
from harness import Finding, Outcome
LATER, THREADS = threading.Event(), []

@pytest.fixture
def adds_later(findings):
    def add():
        LATER.wait()
        try:
            findings.add(Finding(item="own.backup", outcome=Outcome.FAIL, summary="it is not there"))
        except Exception:
            pass
    THREADS.append(threading.Thread(target=add))
    THREADS[-1].start()

@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish():
    LATER.set()
    for thread in THREADS: thread.join()
"""
"""A conftest whose fixture adds a finding when all tests have ended."""
REPORTS_PASSED = """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    report.outcome = "passed"
    return report
"""
MORE = "scenarios/test_more.py"


class Row(NamedTuple):
    """One way in which a target that is READY must not be called so; what is not said stays as in that target."""

    verdict: Verdict | None
    says: str
    """What the report says of the run or of the item; where no report is left, what the command says."""
    test: str = ""
    """A further scenario, after ``import os, pytest``."""
    file: str = MORE
    """Where it is."""
    conftest: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = MappingProxyType({})
    ways: tuple[str, ...] = ("bare",)


BOTH = ("bare", "n2")
ROWS: dict[str, Row] = {
    "nothing-selected": Row(INCOMPLETE, "1 check was deselected", args=("-k", "no_such_test"), ways=BOTH),
    "one-deselected": Row(
        INCOMPLETE, "1 check was deselected", test=STANDS + "def test_more(): pass", args=("-k", "not test_more")
    ),
    "deselected-by-environment": Row(
        INCOMPLETE,
        "1 check was deselected",
        test=STANDS + "def test_more(): pass",
        env={"PYTEST_ADDOPTS": "-k test_the_backup"},
    ),
    "dropped-in-silence": Row(
        INCOMPLETE,
        "1 check was deselected",
        test=STANDS + "def test_more(): assert False",
        conftest="def pytest_collection_modifyitems(items): items[:] = [i for i in items if i.name != 'test_more']",
        ways=BOTH,
    ),
    "dropped-without-an-item": Row(
        INCOMPLETE,
        "1 check was deselected",
        test=FAILS,
        conftest="def pytest_collection_modifyitems(items): items[:] = [i for i in items if i.name != 'test_more']",
        ways=BOTH,
    ),
    "deselected-without-an-item": Row(
        INCOMPLETE, "1 check was deselected", test=FAILS, args=("-k", "not test_more"), ways=BOTH
    ),
    "collect-ignored": Row(
        INCOMPLETE,
        "scenarios/test_more.py gave no test",
        test=FAILS,
        conftest="collect_ignore = ['scenarios/test_more.py']",
        ways=BOTH,
    ),
    "ignored-by-hook": Row(
        INCOMPLETE,
        "scenarios/test_more.py gave no test",
        test=FAILS,
        conftest="def pytest_ignore_collect(collection_path): return collection_path.name == 'test_more.py' or None",
    ),
    "other-files": Row(
        INCOMPLETE,
        "scenarios/test_more.py gave no test, so what it checks is not known. Let pytest collect it (python_files",
        test=FAILS,
        env={"PYTEST_ADDOPTS": "-o python_files=test_own.py"},
        ways=BOTH,
    ),
    "folder-named-build": Row(
        INCOMPLETE, "scenarios/build/test_more.py gave no test", test=FAILS, file="scenarios/build/test_more.py"
    ),
    "name-of-no-test": Row(INCOMPLETE, "scenarios/checks.py gave no test", test=FAILS, file="scenarios/checks.py"),
    "marked-in-a-file-of-another-name": Row(
        INCOMPLETE,
        "scenarios/refunds.py gave no test",
        test="@pytest.mark.slow\ndef refunds(): assert False",
        file="scenarios/refunds.py",
    ),
    "function-not-collected": Row(
        INCOMPLETE,
        "scenarios/test_more.py: test_more gave no test",
        test=FAILS + "\ndef test_the_rest(): pass",
        env={"PYTEST_ADDOPTS": "-o python_functions=test_the_*"},
    ),
    "class-not-collected": Row(
        INCOMPLETE,
        "scenarios/test_more.py: test_more gave no test",
        test="class TestMore:\n    def __init__(self): pass\n    def test_more(self): assert False\n"
        "def test_the_rest(): pass",
    ),
    "skipped": Row(
        INCOMPLETE,
        "1 scenario was skipped, or failed as expected, without a declaration.",
        test="@pytest.mark.skip(reason='not today')\n" + FAILS,
        ways=BOTH,
    ),
    "skipped-while-it-runs": Row(
        INCOMPLETE, "test_more.py::test_more: later", test="def test_more(): pytest.skip('later')"
    ),
    "skipped-by-a-fixture": Row(
        INCOMPLETE,
        "test_more.py::test_more: no account",
        test="@pytest.fixture(autouse=True)\ndef account(): pytest.skip('no account')\n" + FAILS,
    ),
    "expected-failure-without-an-item": Row(
        INCOMPLETE,
        "test_more.py::test_more: expected to fail: a known gap",
        test="@pytest.mark.xfail(reason='a known gap')\n" + FAILS,
        ways=BOTH,
    ),
    "not-run-but-expected-to-fail": Row(
        INCOMPLETE, "test_more.py::test_more: expected to fail", test="@pytest.mark.xfail(run=False)\n" + FAILS
    ),
    "finding-after-its-test": Row(
        NOT_READY,
        "came after the test had ended, and is in no item: it is not there",
        test="def test_more(adds_later): pass",
        conftest=ADDS_LATER,
        ways=BOTH,
    ),
    "waived-by-a-fixture": Row(
        INCOMPLETE, "a finding cannot be 'waived'. Add a [[waiver]]", test=STANDS + "def test_more(findings): " + WAIVED
    ),
    "waived-by-a-property": Row(
        INCOMPLETE,
        "a finding cannot be 'waived'. Add a [[waiver]]",
        test=f"def test_more(record_property): record_property('harness.finding', {WAIVED_FINDING}.to_json())",
    ),
    "waived-by-a-hook": Row(
        INCOMPLETE,
        "a finding cannot be 'waived'. Add a [[waiver]]",
        conftest=f"def pytest_harness_final_findings(): return [{WAIVED_FINDING}]",
    ),
    "without-assertions": Row(NONE, "PYTHONOPTIMIZE removes assertions", env={"PYTHONOPTIMIZE": "1"}),
    "file-ignored": Row(
        INCOMPLETE,
        "--ignore leaves tests out",
        test="def test_more(): assert False",
        args=("--ignore", "scenarios/test_more.py"),
    ),
    "module-skipped": Row(
        INCOMPLETE, "was skipped as a whole", test="pytest.importorskip('no_such_module')", ways=BOTH
    ),
    "module-broken": Row(INCOMPLETE, "could not be collected", test="import no_such_module"),
    "collected-only": Row(NONE, "runs every test once, and --collect-only does not", args=("--collect-only", "-q")),
    "collected-only-by-environment": Row(
        INCOMPLETE, "The part 'scenarios' of the gate is missing", env={"PYTEST_ADDOPTS": "--collect-only -q"}
    ),
    "nothing-run": Row(INCOMPLETE, "No check ran: none was selected", env={"PYTEST_ADDOPTS": "--setup-plan"}),
    "stopped-at-first-failure": Row(
        NOT_READY, "The run ended early", test="def test_more(): assert False", args=("-x",), ways=BOTH
    ),
    "interrupted": Row(
        INCOMPLETE, "The run was interrupted", test=STANDS + "def test_more(): raise KeyboardInterrupt", ways=BOTH
    ),
    "ended-with-status-0": Row(
        INCOMPLETE, "tests did not finish", test=STANDS + "def test_more(): pytest.exit('enough', 0)", ways=BOTH
    ),
    "process-ended-with-status-0": Row(
        INCOMPLETE, "The part 'scenarios' of the gate is missing", test="def test_more(): os._exit(0)"
    ),
    "worker-crashed": Row(INCOMPLETE, "died", test="def test_more(): os._exit(1)", ways=("n2",)),
    "internal-error": Row(
        INCOMPLETE, "exit status 3", conftest="def pytest_runtest_logstart(): raise RuntimeError('a broken plugin')"
    ),
    "everything-skipped": Row(
        INCOMPLETE,
        "not today",
        conftest="""
import pytest
def pytest_collection_modifyitems(items):
    for item in items: item.add_marker(pytest.mark.skip("not today"))
""",
    ),
    "expected-failure": Row(
        NOT_READY, "test_more", test=STANDS + "@pytest.mark.xfail\ndef test_more(): assert False", ways=BOTH
    ),
    "failure-of-no-item": Row(NOT_READY, "verifies no checklist item", test="def test_more(): assert False", ways=BOTH),
    "failed-subtest": Row(
        NOT_READY,
        "wrong here",
        test=STANDS
        + """
def test_more(subtests):
    with subtests.test("a"): assert 1 == 2, "wrong here"
    with subtests.test("b"): pass
""",
    ),
    "unknown-item": Row(
        NOT_READY, "failed", test="@pytest.mark.verifies('own.bakcup')\ndef test_more(): pass", ways=BOTH
    ),
    "status-set-to-0": Row(
        NOT_READY,
        "verifies no checklist item",
        test="def test_more(): assert False",
        conftest="""
import pytest
@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session): session.exitstatus = 0
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main():
    yield
    return 0
""",
    ),
    "run-again-until-it-passes": Row(
        NOT_READY,
        "the first time",
        test=STANDS + "def test_more(tries=[]):\n    tries.append(1)\n    assert len(tries) > 1, 'the first time'",
        conftest="""
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if any(r.failed for r in reports):
        for report in reports:
            if report.failed: report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
        item._initrequest()
        item.user_properties.clear()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports: item.ihook.pytest_runtest_logreport(report=report)
    return True
""",
    ),
    "run-again-without-an-item": Row(
        NOT_READY,
        "test_more failed, and a plugin or a conftest reported something else or ran it again",
        test="def test_more(tries=[]):\n    tries.append(1)\n    assert len(tries) > 1",
        conftest="""
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if any(r.failed for r in reports):
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports: item.ihook.pytest_runtest_logreport(report=report)
    return True
""",
        ways=BOTH,
    ),
    "failure-reported-as-passed": Row(
        NOT_READY,
        "test_more failed, and a plugin or a conftest reported something else",
        test=FAILS,
        conftest=REPORTS_PASSED,
        ways=BOTH,
    ),
    "failure-of-an-item-reported-as-passed": Row(
        NOT_READY, "test_more: assert False", test=STANDS + FAILS, conftest=REPORTS_PASSED
    ),
    "failed-tear-down-reported-as-passed": Row(
        NOT_READY,
        "test_more failed, and a plugin or a conftest reported something else",
        test="@pytest.fixture\ndef account():\n    yield\n    assert False\ndef test_more(account): pass",
        conftest=REPORTS_PASSED,
    ),
    "defined-twice": Row(
        INCOMPLETE, "scenarios/test_more.py defines test_more twice", test=FAILS + "\ndef test_more(): pass"
    ),
    "under-a-condition": Row(
        INCOMPLETE,
        "scenarios/test_more.py: test_more gave no test",
        test="if 'NO_SUCH_VARIABLE' in os.environ:\n    " + FAILS + "\ndef test_the_rest(): pass",
    ),
    "skipped-by-unittest": Row(
        INCOMPLETE,
        "test_more: not today",
        test="import unittest\nclass TestMore(unittest.TestCase):\n    @unittest.skip('not today')\n"
        "    def test_more(self): assert False",
    ),
    "expected-failure-of-unittest": Row(
        INCOMPLETE,
        "test_more: expected to fail",
        test="import unittest\nclass TestMore(unittest.TestCase):\n    @unittest.expectedFailure\n"
        "    def test_more(self): assert False",
    ),
    "without-parameters": Row(
        INCOMPLETE, "got empty parameter set", test="@pytest.mark.parametrize('order', [])\ndef test_more(order): pass"
    ),
    "forked": Row(
        NOT_READY,
        "verifies no checklist item",
        test="import time\ndef test_more():\n    assert not os.fork()\n    time.sleep(2)",
    ),
    "skipped-in-tear-down": Row(
        INCOMPLETE,
        "test_more: too late",
        test="@pytest.fixture\ndef account():\n    yield\n    pytest.skip('too late')\ndef test_more(account): pass",
    ),
    "processes-end-at-once": Row(
        INCOMPLETE,
        "The part 'scenarios' of the gate is missing",
        conftest="import atexit, os\natexit.register(os._exit, 0)\ndef pytest_sessionfinish(): os._exit(0)",
    ),
    "plugin-switched-off": Row(NONE, "-p no:harness-readiness turns checks", args=("-p", "no:harness-readiness")),
    "plugin-switched-off-by-environment": Row(
        INCOMPLETE,
        "off a plugin of the harness (-p no:harness-...)",
        env={"PYTEST_ADDOPTS": "-p no:harness-readiness"},
    ),
    "core-switched-off": Row(NONE, "--harness-gate", env={"PYTEST_ADDOPTS": "-p no:harness-core"}),
    "another-mode": Row(NONE, "--harness-mode is set by the gate itself", args=("--harness-mode=replay",)),
    "report-elsewhere": Row(NONE, "harness gate --reports DIR", args=("--harness-reports=elsewhere",)),
    "another-root": Row(NONE, "the folder that holds harness.toml", args=("--rootdir", "/tmp")),
}
CASES = [
    pytest.param(row, WAYS[way], id=f"{name}-{way}") for name, row in ROWS.items() for way in row.ways
    if "subtests" not in row.test or hasattr(pytest, "Subtests")  # since pytest 9
]  # fmt: skip


@pytest.mark.parametrize("args", WAYS.values(), ids=WAYS.keys())
def test_a_target_that_is_ready_exits_with_0(ready: Folder, args: tuple[str, ...]) -> None:
    """READY can be reached, serially and with workers."""
    ended = ready.gate(*args)

    assert ended.verdict is Verdict.READY, ended.text
    assert ended.status == 0


def test_a_team_that_names_each_of_its_plugins_need_not_name_ours(ready: Folder) -> None:
    """The gate loads the harness where the environment keeps pytest from loading installed plugins."""
    ended = ready.gate(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")

    assert ended.verdict is Verdict.READY, ended.text


@pytest.mark.parametrize("row, args", CASES)
def test_whatever_is_not_known_is_not_ready(ready: Folder, row: Row, args: tuple[str, ...]) -> None:
    """Each way to run less than everything, or to see it fail, keeps the gate from 0, and the reason is told."""
    if row.test or row.file != MORE:
        ready.write(row.file, "import os\nimport pytest\n\n" + row.test)
    if row.conftest:
        ready.write("conftest.py", row.conftest)

    ended = ready.gate(*args, *row.args, **row.env)

    assert ended.status != 0, ended.text
    assert ended.verdict is row.verdict, ended.text
    assert row.says in (ended.told if ended.report else ended.text), ended.text


def test_a_failure_is_shown_once(ready: Folder) -> None:
    """Neither an assertion nor a misspelt item is reported a second time when the test is torn down."""
    failing = "def test_more(): assert False\n@pytest.mark.verifies('own.bakcup')\ndef test_misspelt(): pass\n"
    ready.write("scenarios/test_more.py", "import pytest\n@pytest.mark.verifies('own.backup')\n" + failing)

    assert "1 failed, 1 passed, 1 error in" in ready.pytest("scenarios").out


def test_a_part_of_the_run_is_no_gate(ready: Folder) -> None:
    """Asked of pytest itself, for the scenarios alone or one of two, the gate does not say READY."""
    ready.write("scenarios/test_more.py", "def test_more(): assert False")

    ended = ready.run("-m", "pytest", "--harness-gate", "scenarios/test_own.py")

    assert ended.status == 1
    assert ended.verdict is Verdict.INCOMPLETE
    assert "Not all shipped checks were selected" in ended.problems
    assert "scenarios were not selected" in ended.problems.replace(f"in {ready.path / 'scenarios'} ", "")


def test_an_old_verdict_is_not_taken_for_this_runs(ready: Folder) -> None:
    """What an earlier run left is removed in every format before anything starts."""
    assert ready.gate().status == 0
    ready.write("conftest.py", "raise RuntimeError('not today')")

    ended = ready.gate()

    assert ended.status == 4
    assert "not today" in ended.text
    assert [p.name for p in ready.reports.glob("readiness.*")] == []


@pytest.mark.parametrize(
    "name", ["types.py", "yaml.py", "httpx/__init__.py", "harness/__init__.py", "scenarios/secrets.py"]
)
def test_a_file_that_hides_a_module_ends_the_gate(ready: Folder, name: str) -> None:
    """Called as the installed command, the gate names the file before anything runs."""
    ready.write(name, "")

    ended = ready.run("-P", "-m", "harness.cli", "gate")

    assert ended.status == 4
    assert f"{name} hides " in ended.err
    assert "Rename it" in ended.err


def test_a_file_that_hides_a_module_ends_pytest(ready: Folder) -> None:
    """Plain pytest refuses it too, where there is a target."""
    ready.write("queue.py", "")
    ready.write("conftest.py", "")  # from its folder pytest lets Python import

    ended = ready.run("-P", "-m", "pytest", "scenarios")

    assert ended.status == 4
    assert "queue.py hides the module 'queue' of Python's own" in ended.err


def test_a_gate_ends_where_its_command_was_killed_before_it_began(ready: Folder) -> None:
    """Nobody waits for its verdict, and nothing may say READY in the end."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    request = GateRequest(parent=ended.pid, directory=str(ready.path), reports="reports", scenarios=("scenarios",))

    gate = ready.run("-m", "harness.cli.gate_process", request.to_json())

    assert (gate.status, gate.report) == (1, None)
    assert "The gate was interrupted before the target was ready." in gate.text


def test_a_second_gate_in_one_folder_is_refused(ready: Folder) -> None:
    """While a gate writes to the reports folder, another one is refused with a sentence, and changes nothing there."""
    report = ready.write("reports/readiness.html", "the first gate's")
    with locked_folder(ready.reports, "--reports"):
        ended = ready.run("-m", "harness.cli", "gate")

    assert ended.status == 4
    assert f"Another gate (process {os.getpid()}) is running" in ended.err
    assert report.read_text() == "the first gate's"


def test_a_should_item_that_fails_leaves_ready_and_0(ready: Folder) -> None:
    """A failing `should` warns: READY, exit status 0."""
    toml = (ready.path / "harness.toml").read_text()
    ready.write("harness.toml", toml + '[[item]]\nid = "own.nice"\nlevel = "should"\ntext = "x"\nremediation = "y."\n')
    ready.write("scenarios/test_more.py", "import pytest\n@pytest.mark.verifies('own.nice')\ndef test_more(): assert 0")

    ended = ready.gate()

    assert (ended.verdict, ended.status) == (Verdict.READY, 0), ended.text
    assert "own.nice (should): test_more" in ended.out


DIES = """
import os, signal, pytest
@pytest.mark.verifies("own.backup")
def test_more(run_context):
    os.kill(int(open("pid").read()), signal.SIGKILL)
"""


# Whether a test failed is what tells the next one to look closely.
THEN = """
    assert False, "so that the next test looks whether something died"
@pytest.mark.verifies("own.backup")
def test_then(run_context):
    assert run_context.client.get(run_context.config.process["app"].ready).status_code == 200
"""


def test_scenarios_behind_a_link_are_scenarios(ready: Folder) -> None:
    """A folder that is a link counts as asked for, as any other."""
    (ready.path / "scenarios").rename(ready.path / "elsewhere")
    (ready.path / "scenarios").symlink_to("elsewhere")

    ended = ready.gate()

    assert (ended.verdict, ended.status) == (Verdict.READY, 0), ended.text


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["bare", "n2"])
def test_a_target_that_dies_during_the_run_is_not_ready(served: Folder, args: tuple[str, ...]) -> None:
    """A process of the target that ends by itself keeps the verdict from READY, and is named."""
    served.write("scenarios/test_more.py", DIES)

    ended = served.gate(*args)

    assert ended.status == 1
    assert ended.verdict is Verdict.INCOMPLETE
    assert "[process.app] was killed by SIGKILL" in ended.problems


@pytest.mark.parametrize("args", [("-x",), ("-x", "-n2")], ids=["bare", "n2"])
def test_a_death_is_reported_even_if_the_run_ends_early(served: Folder, args: tuple[str, ...]) -> None:
    """The failure at which `-x` ends the run may come from the death, so the report names both."""
    served.write("scenarios/test_more.py", DIES + "    assert False, 'it does not answer'\n")

    ended = served.gate(*args)

    assert ended.status == 1
    assert "[process.app] was killed by SIGKILL" in ended.problems
    assert "The run ended early" in ended.problems


def test_after_a_death_the_checks_go_on(served: Folder) -> None:
    """The test after the one during which the process died finds it started again."""
    served.write("scenarios/test_more.py", DIES + THEN)

    ended = served.gate()

    assert "1 failed, 2 passed" in ended.text
    assert "ended by itself once; it was restarted. The first time: [process.app] was killed" in ended.problems
    assert not served.runs(), "the process that was started again was left behind"


def test_what_only_should_hold_leaves_nothing_unknown(ready: Folder) -> None:
    """A skipped check whose marker says `should` does not keep from READY what its item must hold."""
    skipped = 'import pytest\n@pytest.mark.verifies("own.backup"LEVEL)\ndef test_more(): pytest.skip("not here")\n'
    ready.write("scenarios/test_more.py", skipped.replace("LEVEL", ', level="should"'))
    assert ready.gate().verdict is Verdict.READY

    ready.write("scenarios/test_more.py", skipped.replace("LEVEL", ""))
    assert ready.gate().verdict is Verdict.INCOMPLETE


def test_what_runs_well_with_a_process_is_ready(served: Folder) -> None:
    """The same target, left alone, is READY, and its process is gone afterwards."""
    ended = served.gate()

    assert (ended.verdict, ended.status) == (Verdict.READY, 0), ended.text
    assert not served.runs(), "the target's process was left behind"


def test_a_killed_pytest_leaves_no_process_of_the_target_behind(served: Folder) -> None:
    """When pytest cannot stop the target's processes any more, the gate does."""
    served.write("scenarios/test_more.py", "import os, signal\ndef test_more(): os.kill(os.getpid(), signal.SIGKILL)")

    ended = served.gate()

    assert ended.status == 1
    assert "was killed by SIGKILL" in ended.problems
    assert not served.runs(), "the target's process was left behind"


REACHES_OUT = """
import time, pytest
time.sleep = lambda seconds: None
for name in ("findings", "events", "run_context", "require", "spec", "credential"):
    exec(f"@pytest.fixture\\ndef {name}(): raise RuntimeError('the fixture of a conftest')")

@pytest.fixture(autouse=True)
def everywhere():
    raise RuntimeError("an autouse fixture of a conftest")

def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "scenarios" in item.nodeid]
"""
ISOLATED = {
    "conftest": {"conftest.py": REACHES_OUT},
    "configuration of pytest": {"pytest.ini": "[pytest]\naddopts = --maxfail=1 -k nothing\npython_files = no_*.py\n"},
    "plugin of the team": {"pytest.ini": "[pytest]\naddopts = -p drops\n", "drops.py": REACHES_OUT},
    "module with the name of a library": {"sitecustomize.py": "import time; time.sleep = None\n"},
}


@pytest.mark.parametrize("files", ISOLATED.values(), ids=ISOLATED.keys())
def test_nothing_of_the_team_reaches_the_shipped_checks(ready: Folder, files: Mapping[str, str]) -> None:
    """Whatever a team's conftest, plugins or configuration do, each shipped check runs, and none of them breaks."""
    usual = _ends_of(ready.gate())[0]
    for name, text in files.items():
        ready.write(name, text)

    ended = ready.gate(PYTHONPATH=str(ready.path), PYTEST_PLUGINS="", PYTEST_ADDOPTS="--strict-markers")

    assert _ends_of(ended)[0] == usual, ended.text


def _ends_of(ended: Outcome) -> list[str]:
    """Return the last line of each pytest, without the time that it took."""
    return [
        line.strip("= ").partition(" in ")[0] for line in ended.out.splitlines() if re.search(r" in [\d.]+s\b", line)
    ]


def test_only_the_named_items_run(ready: Folder) -> None:
    """With --only, the checks of these items run, in both pytests, and the verdict is never READY."""
    ready.write("scenarios/test_more.py", "def test_more(): assert False")

    ended = ready.gate("--only", "own.backup")

    assert (ended.status, ended.verdict) == (1, Verdict.INCOMPLETE)
    assert (
        ended.problems.startswith("Only the checks of own.backup ran")
        or "Only the checks of own.backup" in ended.problems
    )
    assert "1 passed, 1 deselected" in ended.out


def test_a_room_runs_with_all_its_items_and_some_may_be_left_out(ready: Folder) -> None:
    """With --only ROOM the checks of its items run, without those of --skip, and the verdict is never READY."""
    room = ready.gate("--only", "own")
    assert "Only the checks of own ran; only a complete run can be READY." in room.problems
    assert "1 passed" in room.out

    rest = ready.gate("--skip", "contract,webhooks,own.backup")
    assert rest.verdict is not Verdict.READY
    assert "The checks of contract, webhooks, own.backup did not run (--skip)" in rest.problems


def test_nothing_left_to_run_is_refused(ready: Folder) -> None:
    """A gate that would run nothing ends at once, as one with a misspelt room does."""
    ended = ready.gate("--only", "own", "--skip", "own.backup")
    assert (ended.status, "--skip leaves out all checks that --only asks for" in ended.err) == (4, True)

    ended = ready.gate("--skip", "webhoks")
    assert (ended.status, "--skip: no checklist item is called 'webhoks'" in ended.err) == (4, True)


def test_an_unknown_item_is_named_before_anything_runs(ready: Folder) -> None:
    """A misspelt id of --only ends the gate at once, with the nearest id."""
    ended = ready.gate("--only", "own.bakcup")

    assert ended.status == 4
    assert "--only: no checklist item is called 'own.bakcup'" in ended.err
    assert "own.backup" in ended.err
    assert "test session starts" not in ended.out


HOOKS = """
import pathlib
def note(text):
    with open("hooks.log", "a") as log:
        log.write(text + "\\n")

def pytest_harness_target_ready(config, context):
    note(f"ready {context.run.run_id} {pathlib.Path('tested').exists()}")

def pytest_harness_final_findings(config, context):
    from harness import Finding, Outcome
    note(f"final {context.run.run_id}")
    return [Finding(item="own.backup", outcome=Outcome.FAIL, summary="The hook found this")]

def pytest_harness_report(config, report):
    note(f"report {report.run_id} {report.verdict}")

def pytest_runtest_setup():
    pathlib.Path("tested").touch()
"""


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["bare", "n2"])
def test_the_hooks_of_a_conftest_are_called_once_for_the_run(ready: Folder, args: tuple[str, ...]) -> None:
    """The target's hook comes before every test, the findings of the last count, and the report has the verdict."""
    ready.write("conftest.py", HOOKS)

    ended = ready.gate(*args)

    assert ended.report is not None, ended.text
    run = ended.report.run_id
    assert (ready.path / "hooks.log").read_text().splitlines() == [
        f"ready {run} False",
        f"final {run}",
        f"report {run} NOT READY",
    ]
    assert "The hook found this" in ended.told


@pytest.mark.parametrize("hook", ["target_ready", "final_findings", "report"])
def test_a_hook_that_breaks_is_no_ready(ready: Folder, hook: str) -> None:
    """Whichever hook of a conftest raises an error, the gate does not exit with 0, and its message is shown."""
    ready.write("conftest.py", f"def pytest_harness_{hook}(config): raise RuntimeError('a broken hook')")

    ended = ready.gate()

    assert ended.status != 0
    assert "a broken hook" in ended.text + ended.problems


def test_in_plain_pytest_too_the_shipped_checks_have_fixtures_of_their_own(ready: Folder) -> None:
    """Fixtures of a conftest that are called like ours serve the team's tests, and no shipped check."""
    usual = ready.pytest("--pyargs", "harness.suite").out.splitlines()[-1]
    names = ("findings", "events", "run_context", "require", "spec", "credential", "client", "target")
    fixtures = "".join(f"@pytest.fixture\ndef {name}(): return 'of the team'\n" for name in names)
    ready.write("conftest.py", f"import pytest\n{fixtures}")
    ready.write("scenarios/test_own.py", "def test_own(findings, target): assert findings == target == 'of the team'")

    ended = ready.pytest("--pyargs", "harness.suite", "scenarios")

    assert "1 passed, " in ended.out.splitlines()[-1], ended.text
    assert usual.split()[1] + " skipped" in ended.out.splitlines()[-1]
