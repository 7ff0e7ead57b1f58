"""The targets of real receivers: a folder beside this module each; a folder ``correct-…`` has no known fault."""

from __future__ import annotations

from pathlib import Path

from harness.model import Finding
from harness.model.report import Report
from tests.real.gates import gate, listed

HERE = Path(__file__).parent
CORRECT = tuple(sorted(p.name for p in HERE.glob("correct-*")))


def report_of(name: str, folder: Path) -> Report:
    """Run every check of webhooks against a receiver; return the report."""
    return gate(HERE / name, folder, "--only", "webhooks")[0]


def wrong(report: Report) -> list[Finding]:
    """Return what the report lists about webhooks, in its order, with what decides nothing."""
    return [f for f in listed(report) if f.item.startswith("webhooks.")]
