"""A check that breaks is an error, and blames neither the integration nor the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.model import Outcome
from harness.plugins.faults_of_ours import WORDS
from tests.plugins.conftest import NAMED, OWN_ITEM

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

LIMITING = "import pytest\n\ndef pytest_pyfunc_call(pyfuncitem): pytest.fail('Timeout (>1.0s)')\n"
OWN = 'import pytest\n\n@pytest.mark.verifies("own.backup")\ndef test_own():\n    {}\n'

# What the test does, whether a plugin ends it, the outcome of the item, and whether ours is named as the fault.
ROWS = {
    "an assertion": ("assert False", "", Outcome.FAIL, False),
    "an error of the test": ("None.x", "", Outcome.FAIL, False),
    "a recursion of the test": ("(f := lambda: f())()", "", Outcome.FAIL, False),
    "a failure that the test declares": ("pytest.fail('no')", "", Outcome.FAIL, False),
    "the time limit of a plugin": ("pass", LIMITING, Outcome.ERROR, True),
    "an error within the harness": (
        "import harness.core.pointers as p; p.resolve({}, '/x')",
        "",
        Outcome.ERROR,
        True,
    ),
}


@pytest.mark.parametrize("body, plugin, outcome, ours", ROWS.values(), ids=ROWS.keys())
def test_a_test_of_the_users_own_is_blamed_for_its_own_errors_alone(
    body: str, plugin: str, outcome: Outcome, ours: object, folder: Folder
) -> None:
    """Where the exception was raised decides."""
    folder.write("harness.toml", NAMED + OWN_ITEM)
    folder.write("scenarios/test_own.py", OWN.format(body))
    if plugin:
        folder.write("pytest_limits.py", plugin)
    done = folder.gate(*(("-p", "pytest_limits") if plugin else ()), PYTHONPATH=str(folder.path))
    assert done.report is not None, done.text
    [item] = [item for item in done.report.items if item.id == "own.backup"]
    assert item.outcome is outcome
    assert (WORDS in done.out) is ours


def test_any_plugin_can_be_at_fault_and_no_conftest(folder: Folder) -> None:
    """A plugin is known by its registration, whatever its name; a conftest is the user's own."""
    folder.write("harness.toml", NAMED + OWN_ITEM)
    folder.write("scenarios/test_own.py", OWN.format("pass"))
    broken = "def pytest_runtest_setup(item): {}['x']\n"
    for name, plugins, ours in (("conftest.py", (), False), ("limits.py", ("-p", "limits"), True)):
        folder.write(name, broken)
        done = folder.gate(*plugins, PYTHONPATH=str(folder.path))
        (folder.path / name).unlink()
        assert (WORDS in done.out) is ours, done.text


def test_a_shipped_check_that_breaks_is_an_error(folder: Folder) -> None:
    """An AttributeError in it proves nothing about the integration, and the message names whose fault it is."""
    folder.write("harness.toml", NAMED + '[operations]\nrunbooks = "*.md"\n')
    folder.write("scenarios/test_own.py", "")
    folder.write(
        "conftest.py",
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        if item.name == 'test_runbooks_are_fit_for_an_incident':\n"
        "            item.obj = lambda runbooks, run_context, findings: runbooks.nothing\n",
    )
    done = folder.pytest("--pyargs", "harness.suite", "-k", "runbooks_are_fit")
    assert done.report is not None, done.text
    [item] = [item for item in done.report.items if item.id == "runbook.auth"]
    assert item.outcome is Outcome.ERROR
    assert f"{WORDS}: AttributeError" in item.summary
    assert "without your plugins" in item.findings[0].fix
