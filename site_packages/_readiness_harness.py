"""Lists the plugin `harness.plugins.on_demand` first, as it can only stand in for plugins that are not loaded yet.

pytest loads the plugins of installed packages in the order in which a folder happens to list them. This module, which
readiness-harness.pth imports as Python starts where the command line names pytest (or is that of a worker of
pytest-xdist), puts one more distribution in front of them (importlib.metadata, "Extending the search algorithm"). It
changes nothing else, and ``pytest -p no:harness-on-demand`` leaves everything as it would be without it.

PYTEST_DONT_REWRITE: pytest warns of a module of a plugin that was imported before it started.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import Distribution

PACKAGE = "readiness-harness"
ENTRY_POINTS = "[pytest11]\nharness-on-demand = harness.plugins.on_demand\n"


class ListedFirst:
    """A finder of modules that finds no module, and one distribution."""

    def find_spec(self, *_: object) -> None:
        """Leave every module to the other finders."""

    def find_distributions(self, context: Any) -> Iterable[Distribution]:
        """Return the distribution in front, where all are asked for: not those of one name, or of a path."""
        return () if context.name is not None or "path" in vars(context) else (_in_front(),)


def _metadata(version: str) -> str:
    # A name of its own: of two distributions with one name, importlib.metadata gives the entry points of the first.
    return f"Metadata-Version: 2.1\nName: {PACKAGE}-on-demand\nVersion: {version}\n"


def _in_front() -> Distribution:
    from importlib.metadata import Distribution, distribution
    from pathlib import Path

    class InFront(Distribution):
        def read_text(self, filename: str) -> str | None:
            if filename == "entry_points.txt":
                return ENTRY_POINTS
            return _metadata(distribution(PACKAGE).version) if filename == "METADATA" else None

        def locate_file(self, path: Any) -> Path:
            return Path(path)

    return InFront()


if not any(type(finder).__name__ == ListedFirst.__name__ for finder in sys.meta_path):
    sys.meta_path.insert(0, ListedFirst())
