"""Work beside the tests: when it is begun, when it stands still, and that nothing of it outlives the run."""

from __future__ import annotations

import re

import pytest

from tests.plugins.conftest import Folder

SUITE_TOO = ("--pyargs", "harness.suite", "scenarios")
BEGINS = """
import sys
from pathlib import Path
from harness.process.managed import start_group

def work():
    Path("begun").touch()
    code = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(600)"
    with open("output", "wb") as output:
        return start_group([sys.executable, "-c", code], cwd=Path(), env={}, output=output).wait()

def pytest_harness_begin(session, context):
    print("asked for by", len([i for i in session.items if i.name == "test_asks"]))
    context.background.lane("own").begin("long", lambda: WORK)
"""
ASKS = """
def test_asks(run_context):
    assert run_context.background.lane("own").result("long", lambda: "done here") in ("begun", "done here")
"""
PAUSED = """
import time

def test_alone(run_context):
    ran = []
    run_context.background.lane("own").begin("later", lambda: ran.append(1))
    time.sleep(0.1)
    assert not ran
"""
ENDS = """
    session.config.pluginmanager.register(Ends())

class Ends:
    def pytest_runtest_setup(self):
        import time
        while not (Path("pid").is_file() and Path("pid").read_text()):
            time.sleep(0.01)
        END
"""


def begins(ready: Folder, work: str) -> None:
    """Let a conftest begin work, and a scenario ask for it."""
    ready.write("conftest.py", BEGINS.replace("WORK", work))
    ready.write("scenarios/test_more.py", ASKS)


def test_a_run_begins_what_its_tests_ask_for(ready: Folder) -> None:
    """The hook sees the selected tests and the target; the test gets the result of what it began."""
    begins(ready, "'begun'")

    ended = ready.pytest(*SUITE_TOO, "-s")

    assert ended.status == 0, ended.text
    assert "asked for by 1" in ended.out


@pytest.mark.parametrize(
    "args",
    [
        (*SUITE_TOO, "-n2"),
        (*SUITE_TOO, "--collect-only"),
        (*SUITE_TOO, "--pdb", "-k", "test_asks"),
        (*SUITE_TOO, "--harness-mode=record", "-k", "test_asks"),
        (*SUITE_TOO, "-p", "no:harness-background", "-k", "test_asks"),
        ("scenarios",),
    ],
    ids=["xdist", "collect-only", "pdb", "record", "switched-off", "scenarios-alone"],
)
def test_nothing_is_begun_where_it_would_disturb(ready: Folder, args: tuple[str, ...]) -> None:
    """Workers, debuggers, recordings and plain scenarios do the work when they are asked for it."""
    begins(ready, "work()")

    ended = ready.pytest("-s", *args)

    assert ended.status == 0, ended.text
    assert "asked for by" not in ended.out


def test_nothing_runs_beside_a_test_of_the_users(ready: Folder) -> None:
    """A scenario may replace what the whole process shares, as cassettes do, so the lanes pause for it."""
    begins(ready, "'begun'")
    ready.write("scenarios/test_more.py", PAUSED)

    ended = ready.pytest(*SUITE_TOO)

    assert ended.status == 0, ended.text


def test_checks_that_must_run_alone_come_last_of_the_shipped_ones(ready: Folder) -> None:
    """Earlier they would wait for all that runs beside the others."""
    begins(ready, "'begun'")

    ended = ready.pytest(
        *SUITE_TOO, "-v", "-k", "burst or unavailable-twice or refused-422 or runbooks_are_fit or test_asks"
    )

    names = re.findall(r"::(\w+(?:\[[\w-]+\])?) (?:PASSED|SKIPPED|FAILED)", ended.out)
    assert names == [
        "test_the_client_handles_a_fault[refused-422]",
        "test_runbooks_are_fit_for_an_incident",
        "test_the_receiver_passes_a_drill[burst]",
        "test_the_client_handles_a_fault[unavailable-twice]",
        "test_asks",
    ]


@pytest.mark.parametrize("end", ["assert False", "raise KeyboardInterrupt", "import pytest; pytest.exit('enough')"])
def test_a_run_that_ends_early_leaves_nothing_behind(ready: Folder, end: str) -> None:
    """After a failure with -x, an interrupt or an exit, work that would take minutes is cancelled, its process too."""
    begins(ready, "work()")
    conftest = ready.path / "conftest.py"
    conftest.write_text(conftest.read_text(encoding="utf-8") + ENDS.replace("END", end), encoding="utf-8")

    ended = ready.pytest(*SUITE_TOO, "-x")

    assert ended.status in (1, 2), ended.text
    assert not ready.runs()
