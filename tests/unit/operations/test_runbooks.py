"""A runbook is fit for an incident, or each complaint says what to write."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from harness.model import Outcome
from harness.operations.runbooks import judge_runbooks

ROOT = Path(__file__).parents[3]
FIT = (ROOT / "fixtures" / "runbooks" / "auth.md").read_text(encoding="utf-8")
TODAY = dt.date(2026, 11, 27)
NO_DATE = "it has no date of its last review. Add `last_reviewed: YYYY-MM-DD` to the front matter."

DATES = {
    "a date": ("2026-11-03", ""),
    "a quoted date": ('"2026-11-03"', ""),
    "a date with a time": ("2026-11-03T10:00:00Z", ""),
    "a date with a time, apart": ("2026-11-03 10:00:00", ""),
    "tomorrow": ("2026-11-28", "its last review, 2026-11-28, is in the future."),
    "long ago": ("2025-11-27", "its last review was 365 days ago; 180 are allowed. Review it again."),
    "a word": ("yesterday", NO_DATE),
    "another order": ("03.11.2026", NO_DATE),
    "a day that there is not": ("2026-02-30", NO_DATE),
    "nothing": ("", NO_DATE),
    "a list": ("[2026-11-03]", NO_DATE),
}


@pytest.mark.parametrize("written, complaint", DATES.values(), ids=DATES)
def test_the_date_of_the_last_review_is_read(tmp_path: Path, written: str, complaint: str) -> None:
    """Any ISO 8601 date counts, however YAML types it; for anything else the message says what to write."""
    lines = [f"last_reviewed: {written}" if line.startswith("last_reviewed:") else line for line in FIT.splitlines()]
    runbook = tmp_path / "auth.md"
    runbook.write_text("\n".join(lines) + "\n", encoding="utf-8")

    found = judge_runbooks([runbook], today=TODAY, review_within_s=180 * 86400, root=ROOT)
    finding = next(f for f in found if f.item == "runbook.auth")

    assert (complaint in finding.observed) if complaint else ("review" not in finding.observed)
    assert finding.outcome is Outcome.FAIL or not complaint


@pytest.mark.parametrize("receives_webhooks", [True, False])
def test_a_missing_runbook_has_a_next_step(receives_webhooks: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    """It is to be written; that of webhooks may be declared absent instead, unless the target has a receiver."""
    found = judge_runbooks([], today=TODAY, review_within_s=86400, root=ROOT, receives_webhooks=receives_webhooks)
    auth, webhooks = (finding.observed for finding in found)

    step = "in its front matter. Write one, or add the line to the one that you have"
    declared = '; or, if you receive no webhooks, write receiver = "why" under [target.absent].'
    assert auth == f"no runbook has `incident: auth` {step}."
    assert webhooks == f"no runbook has `incident: webhooks` {step}{'.' if receives_webhooks else declared}"
