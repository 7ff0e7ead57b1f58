"""Runbooks, checked for what an incident needs: an owner, a recent review, six sections, links that resolve."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.model import Check, Finding, Outcome
from harness.operations.runbook_fitness import Review, complaints, shown
from harness.operations.runbook_page import RunbookPage, read_document

WEBHOOKS = "webhooks"
_KINDS = {"auth": "auth", WEBHOOKS: "webhook"}
"""The incidents by their names in front matter, as words before "incident"."""
INCIDENTS = tuple(_KINDS)
_WRITE_ONE = "Write one, or add the line to the one that you have"
_OR_DECLARE = '; or, if you receive no webhooks, write receiver = "why" under [target.absent].'
CHECKS = {
    incident: Check(
        id=incident,
        item=f"runbook.{incident}",
        summary=f"the runbook for {kind} incidents",
        passed=f"The runbook for {kind} incidents is complete and reviewed",
        failed=f"The runbook for {kind} incidents is missing, incomplete or out of date",
        expected="an owner, a recent review, six sections with real text, links that resolve",
        source="SRE workbook, Playbook maintenance",
        fix="Correct what the finding lists, and have the runbook's owner review it.",
    )
    for incident, kind in _KINDS.items()
}


def judge_runbooks(
    paths: Iterable[Path],
    *,
    today: dt.date,
    review_within_s: float,
    root: Path,
    incidents: Sequence[str] = INCIDENTS,
    receives_webhooks: bool = True,
) -> list[Finding]:
    """Return one finding for each incident's item; ``review_within_s`` is how old a review may be, in seconds.

    ``receives_webhooks`` is whether the target has a receiver, so that incidents of webhooks cannot be declared absent.
    """
    pages, unreadable = read_runbooks(paths, root)
    review = Review(today, dt.timedelta(seconds=review_within_s))
    return [
        _judge(incident, pages, list(unreadable.values()), review, root, receives_webhooks=receives_webhooks)
        for incident in incidents
    ]


def read_runbooks(paths: Iterable[Path], root: Path) -> tuple[list[RunbookPage], dict[Path, str]]:
    """Return the runbooks, and for each file that cannot be read ``file:line: why``."""
    pages: list[RunbookPage] = []
    unreadable: dict[Path, str] = {}
    for path in paths:
        try:
            pages.append(read_document(path))
        except ValueError as exc:
            unreadable[path] = f"{shown(path, root)}:{exc}"
    return pages, unreadable


def incidents_of(page: RunbookPage) -> list[str]:
    """Return the incidents for which a runbook is meant, from its front matter."""
    value = page.front.get("incident")
    return [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else []


def _judge(
    incident: str,
    pages: Sequence[RunbookPage],
    unreadable: Sequence[str],
    review: Review,
    root: Path,
    *,
    receives_webhooks: bool,
) -> Finding:
    mine = [page for page in pages if incident in incidents_of(page)]
    wrong = [c for page in mine for c in complaints(page, review, root)]
    if not mine:
        broken = [f"{shown(p.path, root)}:{text}" for p in pages if not p.front_is_readable for text in p.problems]
        may_be_absent = incident == WEBHOOKS and not receives_webhooks
        next_step = f"{_WRITE_ONE}{_OR_DECLARE if may_be_absent else '.'}"
        wrong = [f"no runbook has `incident: {incident}` in its front matter. {next_step}", *unreadable, *broken]
    names = ", ".join(shown(page.path, root) for page in mine)
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    outcome = Outcome.FAIL if wrong else Outcome.PASS
    summary = f"{CHECKS[incident].sentence(outcome)}: {wrong[0] if wrong else names}{more}"
    return CHECKS[incident].finding(outcome, "\n".join(wrong) or names, summary=summary)
