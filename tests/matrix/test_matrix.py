"""The detection matrix: each planted defect turns exactly its own item to fail; without one everything is silent."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from harness.model import Level, Outcome, Report, Verdict
from harness.sandbox.defects import PlantedDefect, catalogue

if TYPE_CHECKING:
    from .conftest import Gate

FULL = os.environ.get("MATRIX") == "full"
CLEAN_RUNS = int(os.environ.get("MATRIX_CLEAN_RUNS", "4" if FULL else "1"))


def seen(report: Report, *outcomes: Outcome) -> list[str]:
    return [item.id for item in report.items if item.outcome in outcomes]


@pytest.mark.parametrize("defect", catalogue(), ids=lambda d: d.id)
def test_a_planted_defect_fails_its_own_item_and_no_other(
    defect: PlantedDefect, gate: Gate, note: Callable[..., None]
) -> None:
    """A planted defect fails its item and no other; of a `must` the gate says NOT READY; pending ones are unseen."""
    status, report = gate(defect.id, "" if FULL and not defect.pending else defect.item)
    # A gate of one item cannot judge others: some of what they need was left out.
    found = seen(report, Outcome.FAIL, *([Outcome.ERROR] if FULL and not defect.pending else []))
    stray = sorted(set(found) - {defect.item, *defect.also})
    note(defect=defect.id, item=defect.item, seen=found, stray=stray, pending=defect.pending)

    if defect.pending:
        assert found == [], f"It is seen now: delete `pending = true` of {defect.id} in defects.toml."
        return
    assert defect.item in found
    assert stray == []
    if next(i for i in report.items if i.id == defect.item).level is Level.MUST:
        assert report.verdict is Verdict.NOT_READY
        assert status == 1


@pytest.mark.parametrize("run", range(CLEAN_RUNS))
def test_without_a_defect_nothing_fails(run: int, gate: Gate, note: Callable[..., None]) -> None:  # noqa: ARG001
    """The correct sandbox has no failure and no error; what has no check yet keeps it INCOMPLETE."""
    status, report = gate()
    alarms = seen(report, Outcome.FAIL, Outcome.ERROR)
    note(defect="", item="", seen=alarms, pending=False)

    assert alarms == []
    assert report.problems == ()
    unchecked = {item.id for item in report.items if item.outcome is Outcome.NOT_RUN}
    assert {d.item for d in catalogue() if not d.pending}.isdisjoint(unchecked)
    assert (status, report.verdict) == ((1, Verdict.INCOMPLETE) if unchecked else (0, Verdict.READY))
