"""Fixtures of the shipped checks: a team's fixture of the same name is for the team's own tests, and for no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.plugins.stash import is_shipped, runs_suite

_OURS = "harness."


@pytest.hookimpl(trylast=True)  # after pytest has made what looks fixtures up
def pytest_sessionstart(session: pytest.Session) -> None:
    """Let the shipped checks find our fixtures alone, whatever a conftest or plugin calls its own."""
    if not runs_suite(session.config):
        return
    manager: Any = session._fixturemanager  # noqa: SLF001 - pytest has no hook that decides on a fixture
    found = manager.getfixturedefs

    def getfixturedefs(argname: str, node: pytest.Item | pytest.Collector) -> Sequence[Any] | None:
        definitions: Sequence[Any] | None = found(argname, node)
        if not is_shipped(node):
            return definitions
        return [each for each in definitions or () if each.func.__module__.startswith(_OURS)] or definitions

    manager.getfixturedefs = getfixturedefs
