"""The versions of dependencies that pyproject.toml allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.soak.conftest import Environment, RunTests

PYTEST_8 = ("-c", "tests/soak/pytest-8.ini", "--rootdir", ".", "--confcutdir", ".")
"""What pytest 9 reads from pyproject.toml."""
CONFIGURATION = {"lowest-direct": PYTEST_8, "highest": ()}
QUICK = (
    "tests/unit/cli",
    "tests/unit/cassettes/test_scenario.py",
    "tests/unit/openapi/test_generation.py",
    "tests/plugins/test_collection.py",
    "tests/plugins/test_gate.py::test_a_target_that_is_ready_exits_with_0",
    "tests/plugins/test_missing_extras.py",
)
"""Command line, recordings, generation, collection and small gates: minutes, and a part of every change's CI."""


@pytest.mark.parametrize("resolution", CONFIGURATION)
def test_unit_and_plugin_tests_pass_on(resolution: str, environment: Environment, run_tests: RunTests) -> None:
    """The tests pass with the lowest allowed versions of the direct dependencies, and with the newest."""
    words = (*CONFIGURATION[resolution], "tests/unit", "tests/plugins", "-n2", "--dist=worksteal")
    run_tests(environment(resolution=resolution), *words)


def test_a_quick_part_passes_with_the_lowest_versions(environment: Environment, run_tests: RunTests) -> None:
    """What leans most on other packages passes with the lowest versions."""
    run_tests(environment(resolution="lowest-direct"), *PYTEST_8, *QUICK, "-n2", "--dist=worksteal")
