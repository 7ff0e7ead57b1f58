"""What showed each fault: the matrix of signals, on its way from the test that made it into the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import context_key, is_worker, signals_key

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model.signals import SignalMatrix

PROPERTY = "harness.signals"


class SignalSection:
    """Takes the matrix of one test; the report has the last one of the run."""

    def __init__(self, item: pytest.Item, run_context: RunContext) -> None:
        self._item = item
        self._context = run_context

    def add(self, matrix: SignalMatrix) -> None:
        """Put the matrix into the report, redacted; raises `FindingError` for anything else."""
        from harness.core.encodable import json_bytes

        text = json_bytes(matrix).decode()
        admitted = self._context.admission.admit_signals(text, self._item.nodeid)
        self._item.user_properties.append((PROPERTY, json_bytes(admitted).decode()))


@pytest.fixture
def signal_matrix(request: pytest.FixtureRequest, run_context: RunContext) -> SignalSection:
    """Puts the matrix of faults and signals into the report: ``signal_matrix.add(matrix)``."""
    return SignalSection(request.node, run_context)


class SignalIntake:
    """On the controller: takes the matrix off the report of the test that made it."""

    def __init__(self, config: pytest.Config, run_context: RunContext) -> None:
        self._config = config
        self._context = run_context

    @pytest.hookimpl(tryfirst=True)  # before the problems are taken off
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Store the matrix of a test; what is not one becomes a problem of that test."""
        texts = [text for name, text in report.user_properties if name == PROPERTY]
        if not texts or report.when != "teardown":
            return
        from harness.errors import FindingError
        from harness.readiness.finding_intake import problem_property

        for text in texts:
            try:
                self._config.stash[signals_key] = self._context.admission.admit_signals(text, report.nodeid)
            except FindingError as exc:
                report.user_properties.append(problem_property(exc))


def register(config: pytest.Config) -> None:
    """Begin to take matrices, on the controller of a described target."""
    run_context = config.stash.get(context_key, None)
    if run_context is not None and not is_worker(config):
        config.pluginmanager.register(SignalIntake(config, run_context), "harness-signal-intake")
