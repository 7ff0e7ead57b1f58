"""How far generated requests are, and how long the rest may take: a line now and then between the tests' dots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.core.progress import PlainLines

if TYPE_CHECKING:
    from collections.abc import Iterable

TEST = "::test_generated_requests_find_no_violation["
"""What is in the node id of the tests that are counted, each of which is about one operation or a share of them."""
LINE_EVERY_S = 30.0
"""Seconds between two lines; between them pytest shows a dot for each operation."""


class FuzzProgress:
    """Counts the operations that have been fuzzed; on the controller of a run alone."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._wanted: set[str] = set()
        self._lines: PlainLines | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn which tests will run."""
        self._expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)  # of pytest-xdist
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Iterable[str]) -> None:  # noqa: ARG002 - hook
        """Learn the same from a worker; each has collected all of them."""
        self._expect(ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Begin to measure with the first operation."""
        if self._lines is None and nodeid in self._wanted:
            self._lines = PlainLines("generated requests: test", len(self._wanted), self._print, every_s=LINE_EVERY_S)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Count an operation."""
        if self._lines is not None and nodeid in self._wanted:
            self._lines.advance()

    def _expect(self, ids: Iterable[str]) -> None:
        self._wanted.update(nodeid for nodeid in ids if TEST in nodeid)

    def _print(self, text: str) -> None:
        reporter: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self._config.get_verbosity() >= 0:  # -q asks for less
            reporter.ensure_newline()
            reporter.write_line(text)
