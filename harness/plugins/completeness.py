"""Whether the whole checklist was run: whatever was left out prevents READY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.plugins.stash import SUITE, order_key

# Options that keep whole files from being collected, by pytest's name for them; -k, -m and --deselect are counted.
_NARROWING = {"ignore": "--ignore", "ignore_glob": "--ignore-glob", "lf": "--last-failed"}


class Selection:
    """In a process that collects: the checks that were collected and then left out, by whatever plugin."""

    def __init__(self) -> None:
        self._collected: list[pytest.Item] = []
        self.left_out = 0

    @property
    def deselected(self) -> str:
        """How many checks were left out, as the beginning of a sentence; empty where none was."""
        were = "check was" if self.left_out == 1 else "checks were"
        return f"{self.left_out} {were} deselected" if self.left_out else ""

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note a test before anything can take it away."""
        self._collected.append(item)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count those that verify an item and will not run; conftests may drop tests without reporting it."""
        selected = {id(item) for item in session.items}
        dropped = (item for item in self._collected if id(item) not in selected)
        self.left_out = sum(item.get_closest_marker("verifies") is not None for item in dropped)
        self._collected.clear()


def narrowings(config: pytest.Config, scenarios: Sequence[Path]) -> Iterator[str]:
    """Yield how the command line selects less than the shipped checks and all ``scenarios``."""
    for name, option in _NARROWING.items():
        if config.getoption(name, None):
            yield f"{option} leaves tests out; only a complete run can be READY."
    if SUITE not in config.args and order_key not in config.stash:
        yield f"Not all shipped checks were selected (--pyargs {SUITE}); only a complete run can be READY."
    asked = {(config.invocation_params.dir / argument).resolve() for argument in config.args}
    for scenario in (path.resolve() for path in scenarios):  # they may be links
        if not asked & {scenario, *scenario.parents}:
            yield f"The scenarios in {scenario} were not selected; only a complete run can be READY."
