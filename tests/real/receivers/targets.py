"""The targets of real receivers: a folder beside this module each; a folder ``correct-…`` has no known fault."""

from __future__ import annotations

from pathlib import Path

from harness.model import Finding, Outcome
from harness.model.report import Report
from harness.readiness.checklist import shipped
from tests.real.gates import gate

HERE = Path(__file__).parent
WEBHOOKS = ",".join(item.id for item in shipped() if item.id.startswith("webhooks."))
CORRECT = tuple(sorted(p.name for p in HERE.glob("correct-*")))


def report_of(name: str, folder: Path) -> Report:
    """Run every check of webhooks against a receiver; return the report."""
    return gate(HERE / name, folder, "--only", WEBHOOKS)[0]


def wrong(report: Report) -> list[Finding]:
    """Return what the report lists about webhooks, in its order: what decides nothing is among it."""
    listed = (Outcome.FAIL, Outcome.ERROR)
    return [f for item in report.items if item.id.startswith("webhooks.") for f in item.findings if f.outcome in listed]
