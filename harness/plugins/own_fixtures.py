"""Fixtures of the shipped checks: a team's fixture of the same name is for the team's own tests, and for no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.plugins.stash import SUITE, runs_suite

_PACKAGE = SUITE.partition(".")[0]


@pytest.hookimpl(trylast=True)  # after pytest has made what looks fixtures up
def pytest_sessionstart(session: pytest.Session) -> None:
    """Let the shipped checks find our fixtures alone, whatever a conftest or plugin calls its own."""
    if not runs_suite(session.config):
        return
    manager: Any = session._fixturemanager  # noqa: SLF001 - pytest has no hook that decides on a fixture
    found = manager.getfixturedefs

    def getfixturedefs(argname: str, node: pytest.Item | pytest.Collector) -> Sequence[Any] | None:
        definitions: Sequence[Any] | None = found(argname, node)
        ours = [each for each in definitions or () if _is_of(_PACKAGE, each.func.__module__)]
        return ours if ours and _is_shipped(node) else definitions

    manager.getfixturedefs = getfixturedefs


def _is_shipped(node: pytest.Item | pytest.Collector) -> bool:
    module = node.getparent(pytest.Module)
    return module is not None and _is_of(SUITE, module.module.__name__)


def _is_of(package: str, module: str) -> bool:
    return module.startswith(f"{package}.")
