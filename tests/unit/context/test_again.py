"""The command that runs a test of the gate again selects that test, with the target and mode that it had."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.context.again import again

COMMANDS = {
    "a case of a shipped check": (
        "harness/suite/test_3_webhooks.py::test_a_delivery[truncated]",
        None,
        "pytest --pyargs harness.suite -k 'test_a_delivery[truncated]'",
    ),
    "a shipped check, installed elsewhere": (
        "test_4_resilience.py::test_client",
        None,
        "pytest --pyargs harness.suite -k test_client",
    ),
    "a case of a shipped check, named without its file": (
        "::test_client[reset-once]",
        None,
        "pytest --pyargs harness.suite -k 'test_client[reset-once]'",
    ),
    "an operation": (
        "harness/suite/test_3_generated.py::test_generated[GET /runs/{id}]",
        "staging",
        "pytest --pyargs harness.suite -k 'test_generated and GET and runs and id' --harness-target=staging",
    ),
    "a scenario that ran live": (
        "scenarios/test_runs.py::test_run[live]",
        None,
        "pytest scenarios/test_runs.py -k test_run --harness-mode=live",
    ),
    "a case of a scenario that was played back": (
        "scenarios/test_runs.py::test_run[replay-big]",
        None,
        "pytest scenarios/test_runs.py -k 'test_run[big]' --harness-mode=replay",
    ),
    "a scenario in a class": (
        "my tests/test_runs.py::TestRuns::test_run",
        None,
        "pytest 'my tests/test_runs.py' -k test_run --harness-mode=live",
    ),
}


@pytest.mark.parametrize("test, overlay, command", COMMANDS.values(), ids=COMMANDS.keys())
def test_the_command_selects_the_test(tmp_path: Path, test: str, overlay: str | None, command: str) -> None:
    """Each kind of test is selected by what the same pytest needs to find it."""
    assert again(test, root=tmp_path, overlay=overlay) == command


def test_a_scenario_with_the_name_of_a_shipped_file_is_a_scenario(tmp_path: Path) -> None:
    """A file of the team's own is called by its path, whatever its name."""
    (tmp_path / "test_3_webhooks.py").touch()

    assert again("test_3_webhooks.py::test_a", root=tmp_path, overlay=None).startswith("pytest test_3_webhooks.py -k")
