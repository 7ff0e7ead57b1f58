"""The versions of dependencies that pyproject.toml allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.soak.conftest import Environment, RunTests


@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
def test_unit_and_plugin_tests_pass_on(resolution: str, environment: Environment, run_tests: RunTests) -> None:
    """The tests pass with the lowest allowed versions of the direct dependencies, and with the newest."""
    run_tests(environment(resolution=resolution), "tests/unit", "tests/plugins", "-n2", "--dist=worksteal")
