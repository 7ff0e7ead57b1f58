"""Runbooks, checked for what an incident needs: an owner, a recent review, six sections, links that resolve."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from harness.core.dates import iso_moment
from harness.model import Check, Finding, Outcome
from harness.operations.runbook_page import Link, RunbookPage, RunbookSection, read_document

INCIDENTS = ("auth", "webhooks")
CHECKS = {
    incident: Check(
        id=incident,
        item=f"runbook.{incident}",
        summary=f"the runbook for incidents of {incident}",
        passed=f"The runbook for {incident} incidents is complete and reviewed",
        failed=f"The runbook for {incident} incidents is missing, incomplete or out of date",
        expected="an owner, a recent review, six sections with real text, links that resolve",
        source="SRE workbook, Playbook maintenance",
        fix="Correct what the finding lists, and have the runbook's owner review it.",
    )
    for incident in INCIDENTS
}
_PLACEHOLDERS = re.compile(r"\b(TODO|TBD|FIXME|XXX|lorem ipsum|coming soon)\b", re.IGNORECASE)
_MIN_WORDS = 4


class Needed(NamedTuple):
    """One section a runbook must have, under any of its usual names."""

    name: str
    titles: re.Pattern[str]
    actionable: bool = False
    """Whether it must give a command or a link."""


# The names used by prometheus-operator/runbooks, GitLab's template and the SRE workbook.
SECTIONS: tuple[Needed, ...] = (
    Needed("symptoms", re.compile("symptom|detect|meaning|alert", re.IGNORECASE)),
    Needed("impact", re.compile("impact", re.IGNORECASE)),
    Needed("diagnosis", re.compile("diagnos|investigat|triage|troubleshoot", re.IGNORECASE), actionable=True),
    Needed("mitigation", re.compile("mitigat|remediat|resol|fix", re.IGNORECASE), actionable=True),
    Needed("rollback", re.compile("roll ?back|revert|restore", re.IGNORECASE)),
    Needed("escalation", re.compile("escalat|contact|on.?call", re.IGNORECASE)),
)


def judge_runbooks(
    paths: Iterable[Path],
    *,
    today: dt.date,
    review_within_s: float,
    root: Path,
    incidents: Sequence[str] = INCIDENTS,
) -> list[Finding]:
    """Return one finding for each incident's item; ``review_within_s`` is how old a review may be, in seconds."""
    documents: list[RunbookPage] = []
    unreadable: list[str] = []
    for path in paths:
        try:
            documents.append(read_document(path))
        except ValueError as exc:
            unreadable.append(f"{_shown(path, root)}:{exc}")
    limit = dt.timedelta(seconds=review_within_s)
    return [_judge(incident, documents, unreadable, today=today, limit=limit, root=root) for incident in incidents]


def complaints(document: RunbookPage, *, today: dt.date, limit: dt.timedelta, root: Path) -> Iterator[str]:
    """Yield what is wrong with one runbook, each as ``file:line: what, and what to do``."""
    name = _shown(document.path, root)
    yield from (f"{name}:1: {text}" for text in _front_complaints(document, today, limit))
    for needed in SECTIONS:
        found = [s for s in document.sections if needed.titles.search(s.title)]
        line = found[0].line if found else 1
        yield from (f"{name}:{line}: {text}" for text in _section_complaints(needed, found))
    for link in document.links:
        if text := _link_complaint(link, document):
            yield f"{name}:{link.line}: {text}"


def _judge(
    incident: str,
    documents: Sequence[RunbookPage],
    unreadable: Sequence[str],
    *,
    today: dt.date,
    limit: dt.timedelta,
    root: Path,
) -> Finding:
    mine = [d for d in documents if incident in _listed(d.front.get("incident"))]
    wrong = [c for d in mine for c in complaints(d, today=today, limit=limit, root=root)]
    if not mine:
        wrong = [f"no runbook has `incident: {incident}` in its front matter", *unreadable]
    names = ", ".join(_shown(d.path, root) for d in mine)
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    outcome = Outcome.FAIL if wrong else Outcome.PASS
    summary = f"{CHECKS[incident].sentence(outcome)}: {wrong[0] if wrong else names}{more}"
    return CHECKS[incident].finding(outcome, "\n".join(wrong) or names, summary=summary)


def _front_complaints(document: RunbookPage, today: dt.date, limit: dt.timedelta) -> Iterator[str]:
    front = document.front
    if not str(front.get("owner") or "").strip():
        yield "it has no owner. Add `owner:` to the front matter: the team that maintains it."
    reviewed = _date(front.get("last_reviewed"))
    if reviewed is None:
        yield "it has no date of its last review. Add `last_reviewed: YYYY-MM-DD` to the front matter."
    elif reviewed > today:
        yield f"its last review, {reviewed}, is in the future. Write the date on which it was reviewed."
    elif today - reviewed > limit:
        yield f"its last review was {(today - reviewed).days} days ago; {limit.days} are allowed. Review it again."


def _date(written: object) -> dt.date | None:
    """Return the day of an ISO 8601 date, or of a date with a time; None for anything else."""
    moment = iso_moment(str(written).strip())
    return moment.date() if moment else None


def _section_complaints(needed: Needed, found: Sequence[RunbookSection]) -> Iterator[str]:
    if not found:
        yield f"it has no section on {needed.name}. Add one."
        return
    text = " ".join(_PLACEHOLDERS.sub("", s.text) for s in found)
    if len(re.findall(r"\w{2,}", text)) < _MIN_WORDS:
        yield f"its section on {needed.name} is empty. Write what to do."
    elif needed.actionable and not any(s.actionable for s in found):
        yield f"its section on {needed.name} has neither a command nor a link. Add what to run or where to look."


def _link_complaint(link: Link, document: RunbookPage) -> str:
    """Return why a relative link does not resolve; links to other hosts are not followed."""
    if re.match(r"[a-zA-Z][\w+.-]*:|//", link.target):
        return ""
    file, _, anchor = link.target.partition("#")
    path = document.path.parent / unquote(file) if file else document.path
    if not path.exists():
        return f"the link {link.target} leads nowhere. Correct it."
    if anchor and path.suffix == ".md":
        try:
            other = document if path == document.path else read_document(path)
        except ValueError:
            return f"the link {link.target} leads to a file that cannot be read."
        if anchor not in other.anchors:
            return f"the link {link.target} names a heading that does not exist. Correct it."
    return ""


def _listed(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
