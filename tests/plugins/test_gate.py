"""The exit status of the gate: 0 for a target that is READY, and for nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pytest

from harness.core.folder_lock import locked_folder
from harness.model import Verdict

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

WAYS: dict[str, tuple[str, ...]] = {
    "bare": (),
    "n0": ("-n0",),
    "n2": ("-n2",),
    "no-xdist": ("-p", "no:xdist"),
}
NONE, INCOMPLETE, NOT_READY = None, Verdict.INCOMPLETE, Verdict.NOT_READY
STANDS = '@pytest.mark.verifies("own.backup")\n'


class Row(NamedTuple):
    """One way in which a target that is READY must not be called so; what is not said stays as in that target."""

    verdict: Verdict | None
    says: str
    """What the report says of the run or of the item; where no report is left, what the command says."""
    test: str = ""
    """A further scenario, after ``import os, pytest``."""
    conftest: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = MappingProxyType({})
    ways: tuple[str, ...] = ("bare",)


BOTH = ("bare", "n2")
ROWS: dict[str, Row] = {
    "nothing-selected": Row(INCOMPLETE, "checks were deselected", args=("-k", "no_such_test"), ways=BOTH),
    "one-deselected": Row(
        INCOMPLETE, "1 check was deselected", test=STANDS + "def test_more(): pass", args=("-k", "not test_more")
    ),
    "deselected-by-environment": Row(
        INCOMPLETE,
        "checks were deselected",
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
    "collected-only-by-environment": Row(NONE, "wrote no verdict", env={"PYTEST_ADDOPTS": "--collect-only -q"}),
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
    "process-ended-with-status-0": Row(NONE, "wrote no verdict", test="def test_more(): os._exit(0)"),
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
    "plugin-switched-off": Row(NONE, "-p no:harness-readiness turns checks", args=("-p", "no:harness-readiness")),
    "plugin-switched-off-by-environment": Row(
        NONE,
        "switch off a plugin of the harness (-p no:harness-...)",
        env={"PYTEST_ADDOPTS": "-p no:harness-readiness"},
    ),
    "core-switched-off": Row(NONE, "--harness-gate", env={"PYTEST_ADDOPTS": "-p no:harness-core"}),
    "another-mode": Row(NONE, "--harness-mode is set by the gate itself", args=("--harness-mode=replay",)),
    "report-elsewhere": Row(NONE, "harness gate --reports DIR", args=("--harness-reports=elsewhere",)),
    "another-root": Row(NONE, "the folder that holds harness.toml", args=("--rootdir", "/tmp")),
}
CASES = [
    pytest.param(row, WAYS[way], id=f"{name}-{way}") for name, row in ROWS.items() for way in row.ways
]  # fmt: skip


@pytest.mark.parametrize("args", WAYS.values(), ids=WAYS.keys())
def test_a_target_that_is_ready_exits_with_0(ready: Folder, args: tuple[str, ...]) -> None:
    """READY can be reached, serially and with workers."""
    ended = ready.gate(*args)

    assert ended.verdict is Verdict.READY, ended.text
    assert ended.status == 0


@pytest.mark.parametrize("row, args", CASES)
def test_whatever_is_not_known_is_not_ready(ready: Folder, row: Row, args: tuple[str, ...]) -> None:
    """Each way to run less than everything, or to see it fail, keeps the gate from 0, and the reason is told."""
    if row.test:
        ready.write("scenarios/test_more.py", "import os\nimport pytest\n\n" + row.test)
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
    ready.write("scenarios/test_more.py", "import os\ndef test_more(): os._exit(0)")

    ended = ready.gate()

    assert ended.status == 1
    assert [p.name for p in ready.reports.glob("readiness.*")] == []


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
    assert "wrote no verdict" in ended.err
    assert not served.runs(), "the target's process was left behind"
