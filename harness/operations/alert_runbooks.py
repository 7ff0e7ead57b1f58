"""Alerts and runbooks: each alert leads to a runbook of the team that is fit, and runbooks name alerts that exist."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from harness.errors import nearest
from harness.model import Check, Finding, Level, Outcome
from harness.operations.runbook_fitness import Review, complaints, shown
from harness.operations.runbook_link import AlertLink, Reached, RunbookIndex
from harness.operations.runbook_page import RunbookPage
from harness.operations.runbooks import INCIDENTS, incidents_of, read_runbooks

ITEM = "observability.alerts"
_SOURCE = "Google SRE Workbook, chapter 8 (On-Call), Playbook maintenance"

LISTED = Check(
    id="runbook-listed",
    item=ITEM,
    level=Level.SHOULD,
    summary="the runbook of an alert, among those of [operations] runbooks",
    passed="The runbooks of the alerts are among those that are checked",
    failed="The runbook of an alert is not among those that are checked",
    expected="a file that [operations] runbooks names, or a page elsewhere",
    source=_SOURCE,
    fix="Move the file to the others, or widen [operations] runbooks.",
)
HEADING = Check(
    id="runbook-heading",
    item=ITEM,
    summary="the heading of a runbook that an alert's URL names",
    passed="The URLs of the alerts name headings that their runbooks have",
    failed="The URL of an alert names a heading that its runbook does not have",
    expected="the anchor of a heading, as GitHub forms it",
    source="GitHub Docs, Basic writing and formatting syntax, Section links",
    fix="Correct the part of the link behind the #.",
)
FIT = Check(
    id="runbook-fit",
    item=ITEM,
    level=Level.SHOULD,
    summary="a runbook that an alert leads to",
    passed="The runbooks of the alerts are complete and reviewed",
    failed="The runbook of an alert is incomplete or out of date",
    expected="an owner, a recent review, six sections with real text, links that resolve",
    source=_SOURCE,
    fix="Correct what the finding lists, and have the runbook's owner review it.",
)
NAMED = Check(
    id="runbook-names-alerts",
    item=ITEM,
    summary="the alerts that a runbook names in its front matter",
    passed="The runbooks name alerts that exist",
    failed="A runbook names an alert that no rule defines",
    expected="names of alerts in the rules of [telemetry.alerts]",
    source="Prometheus: Alerting rules",
    fix="Correct the name under `alerts:` in the front matter, or remove it.",
)
CHECKS = (LISTED, HEADING, FIT, NAMED)
_Judged = tuple[bool, list[Finding]]
"""Whether there was anything to judge, and what is wrong."""
_NAMED_BY = ("alerts", "alert", "alertname", "alert_name")


class Runbooks(msgspec.Struct, frozen=True, kw_only=True):
    """The files of ``[operations] runbooks``, and what they are held against."""

    pages: tuple[RunbookPage, ...]
    unreadable: dict[Path, str] = {}
    """For each file that cannot be read, ``file:line: why``."""
    review: Review
    root: Path
    """The folder of harness.toml."""

    def shown(self, path: Path) -> str:
        """Return a path as findings name it."""
        return shown(path, self.root)


class Leading(msgspec.Struct, frozen=True, kw_only=True):
    """An alert, and where it leads."""

    alert: AlertLink
    to: Reached


def load_runbooks(paths: Iterable[Path], *, today: dt.date, review_within_s: float, root: Path) -> Runbooks:
    """Read all runbooks; ``review_within_s`` is how old a review may be, in seconds."""
    pages, unreadable = read_runbooks(paths, root)
    review = Review(today, dt.timedelta(seconds=review_within_s))
    return Runbooks(pages=tuple(pages), unreadable=unreadable, review=review, root=root)


def judge_alert_runbooks(
    alerts: Sequence[AlertLink], runbooks: Runbooks, *, all_alerts_are_known: bool = True
) -> list[Finding]:
    """Return what is wrong between alerts and runbooks, and one finding for each check without a failure.

    Whether a rule has a link at all, and whether the file and the heading of a path exist, is judged with the rules.
    With ``all_alerts_are_known`` false (a file of rules is a template, or broken), no name is taken for wrong.
    """
    pages = runbooks.pages
    index = RunbookIndex(pages, runbooks.root, names_of)
    leading = [Leading(alert=alert, to=index.reach(alert)) for alert in alerts]
    known = {alert.name for alert in alerts} if all_alerts_are_known else set[str]()
    judged = {
        LISTED: _unlisted([x for x in leading if x.to.page or x.to.file], runbooks),
        HEADING: _dead_headings([x for x in leading if x.to.page and x.to.anchor], runbooks),
        FIT: _unfit(leading, runbooks),
        NAMED: _unknown_names([page for page in pages if known and names_of(page)], known, runbooks),
    }
    observed = "\n".join(_observed(leading, runbooks)) or "no alert leads to a runbook"
    findings: list[Finding] = []
    for check, (judges_any, failed) in judged.items():
        otherwise = Outcome.PASS if judges_any else Outcome.NOT_APPLICABLE
        findings += failed or [check.finding(otherwise, observed)]
    return findings


def names_of(page: RunbookPage) -> list[str]:
    """Return the alerts that the front matter of a runbook names."""
    names: list[str] = []
    for key in _NAMED_BY:
        value = page.front.get(key)
        items = value if isinstance(value, list) else str(value).split(",") if value else []
        names += [item.strip() for item in items if isinstance(item, str) and item.strip()]
    return names


def _unlisted(leading: Sequence[Leading], runbooks: Runbooks) -> _Judged:
    failed = []
    unreadable = {path.resolve() for path in runbooks.unreadable}
    for alert, to in ((x.alert, x.to) for x in leading):
        if to.page is None and to.file and to.file.resolve() not in unreadable:
            text = f"{alert.where}: the runbook of {alert.name}, {runbooks.shown(to.file)}, is not among them"
            failed.append(_failed(LISTED, alert.name, text))
    return bool(leading), failed


def _dead_headings(leading: Sequence[Leading], runbooks: Runbooks) -> _Judged:
    failed = []
    for alert, to in ((x.alert, x.to) for x in leading):
        if to.page and to.anchor not in to.page.anchors:
            text = f"{alert.where}: {runbooks.shown(to.page.path)} has no heading #{to.anchor}. "
            failed.append(_failed(HEADING, alert.name, text + nearest(to.anchor, to.page.anchors)))
    return bool(leading), failed


def _unfit(leading: Sequence[Leading], runbooks: Runbooks) -> _Judged:
    """Judge each runbook that an alert leads to; those for incidents have items of their own."""
    wrong: dict[Path, list[str]] = {}
    by: dict[Path, list[str]] = {}
    for alert, to in ((x.alert, x.to) for x in leading):
        path = to.page.path if to.page else to.file
        if path and not (to.page and set(INCIDENTS) & set(incidents_of(to.page))):
            by.setdefault(path.resolve(), []).append(alert.name)
    for page in runbooks.pages:
        if page.path.resolve() in by:
            wrong[page.path] = list(complaints(page, runbooks.review, runbooks.root))
    for path, reason in runbooks.unreadable.items():
        if path.resolve() in by:
            wrong[path] = [reason]
    failed = []
    for path, reasons in ((path, reasons) for path, reasons in wrong.items() if reasons):
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        observed = "\n".join([f"where {', '.join(by[path.resolve()])} leads:", *reasons])
        summary, case = f"{FIT.failed}: {reasons[0]}{more}", f"{FIT.id}-{runbooks.shown(path)}"
        failed.append(FIT.finding(Outcome.FAIL, observed, summary=summary, case=case))
    return bool(wrong), failed


def _unknown_names(pages: Sequence[RunbookPage], known: set[str], runbooks: Runbooks) -> _Judged:
    failed = []
    for page in pages:
        for name in dict.fromkeys(names_of(page)):
            if name not in known:
                text = f"{runbooks.shown(page.path)}:1: no rule defines {name}. {nearest(name, known)}"
                failed.append(_failed(NAMED, f"{runbooks.shown(page.path)}-{name}", text))
    return bool(pages), failed


def _observed(leading: Sequence[Leading], runbooks: Runbooks) -> Iterator[str]:
    for alert, to in ((x.alert, x.to) for x in leading):
        if to.page:
            yield f"{alert.name}: {runbooks.shown(to.page.path)}"
        elif alert.link:
            yield f"{alert.name}: not checked, as it is none of the runbooks: {alert.link}"


def _failed(check: Check, case: str, text: str) -> Finding:
    return check.finding(Outcome.FAIL, text, summary=f"{check.failed}: {text}", case=f"{check.id}-{case}")
