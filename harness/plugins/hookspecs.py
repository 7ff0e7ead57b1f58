"""Hooks of the harness. Implement them in a plugin or in the root conftest: with pytest-xdist the controller calls
them, and it loads no other conftest.
"""  # noqa: D205

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Finding, Report


_WORLD = {"world": DeprecationWarning("The hook argument `world` is now called `context`.")}


@pytest.hookspec(warn_on_impl_args=_WORLD)
def pytest_harness_target_ready(config: pytest.Config, context: RunContext, world: RunContext) -> None:
    """Called on the controller when every process of the target is ready, before the first test runs."""


@pytest.hookspec
def pytest_harness_begin(session: pytest.Session, context: RunContext) -> None:
    """Called before the first test of a run of the shipped checks in one process.

    Begin in ``context.background`` what the tests of ``session.items`` will ask for there.
    """


@pytest.hookspec(warn_on_impl_args=_WORLD)
def pytest_harness_final_findings(config: pytest.Config, context: RunContext, world: RunContext) -> list[Finding]:  # type: ignore[empty-body]
    """Called on the controller when all tests have run and the target's processes have stopped.

    Return findings that only the whole run can show, such as secrets in its logs.
    """


@pytest.hookspec
def pytest_harness_report(config: pytest.Config, report: Report) -> None:
    """Called on the controller when the report is complete and its files are written."""
