"""The matrix of faults and signals on its way from a test into the report."""

from __future__ import annotations

import os

import pytest

from harness.model.signals import Signal

from .conftest import Folder

SCENARIO = '''
import os
import pytest
from harness.model.signals import FaultSignals, Signal, SignalMatrix

@pytest.mark.verifies("own.backup")
def test_the_backup_is_there(signal_matrix):
    """A backup exists."""
    shown = {Signal.LOG: (f"refused with {os.environ['THE_KEY']}",), Signal.METRIC: ()}
    rows = (FaultSignals(fault="forged", shown=shown),)
    signal_matrix.add(SignalMatrix(rows=rows, unobserved={Signal.SPAN: "no otlp"}))
'''
FORGER = """
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    report = yield
    report.user_properties.append(("harness.signals", "garbage"))
    return report
"""


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["bare", "n2"])
def test_the_matrix_of_a_test_is_in_the_report(ready: Folder, args: tuple[str, ...]) -> None:
    """In every format, also from a worker, and without the secrets that its texts contain."""
    value = os.urandom(16).hex()
    toml = (ready.path / "harness.toml").read_text(encoding="utf-8")
    ready.write("harness.toml", f'{toml}[client]\ncommand = ["true"]\nenv = {{ KEY = "env:THE_KEY" }}\n')
    ready.write("scenarios/test_backup.py", SCENARIO)

    ended = ready.gate(*args, THE_KEY=value)

    assert ended.report is not None, ended.text
    assert ended.report.signals is not None, ended.text
    (row,) = ended.report.signals.rows
    assert (row.fault, row.shown[Signal.METRIC]) == ("forged", ())
    assert row.shown[Signal.LOG][0].startswith("refused with [")
    assert ended.report.signals.unobserved == {Signal.SPAN: "no otlp"}
    assert value not in "".join(file.read_text(encoding="utf-8") for file in ready.reports.glob("readiness.*"))


def test_a_forged_matrix_is_a_problem(ready: Folder) -> None:
    """The report names the test, and the verdict is not READY."""
    ready.write("conftest.py", FORGER)

    ended = ready.gate("-k", "backup")

    assert ended.status == 1
    assert "its property is not the JSON of a matrix of signals" in ended.problems
    assert ended.report is not None
    assert ended.report.signals is None
