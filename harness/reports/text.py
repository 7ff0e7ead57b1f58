"""The words and signs all reports share: an outcome is never shown by colour alone."""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from harness.core.names import first_of
from harness.model import DeclaredSkip, Finding, ItemResult, Level, Outcome, Problem, Report, Verdict
from harness.reports.exclusion_block import as_toml

WIDTH = 110
"""Columns of a line in the terminal that is wrapped, or that names several items."""
MOST_OPERATIONS = 5
"""Operations of the integration that a finding names."""
WAIVERS = 20
"""Waivers that are listed under READY."""
REASON_CHARS = 300
"""Characters of the reason why something is not known, where there are many items."""


class Sign(NamedTuple):
    """How an outcome is shown."""

    mark: str
    word: str


SIGNS: dict[Outcome, Sign] = {
    Outcome.PASS: Sign("\N{CHECK MARK}", "pass"),
    Outcome.FAIL: Sign("\N{MULTIPLICATION X}", "fail"),
    Outcome.ERROR: Sign("!", "error"),
    Outcome.NOT_RUN: Sign("?", "not run"),
    Outcome.NOT_APPLICABLE: Sign("\N{EN DASH}", "not applicable"),
    Outcome.WAIVED: Sign("~", "waived"),
}

MEANING: dict[Verdict, str] = {
    Verdict.READY: "Every required item passed or does not apply.",
    Verdict.NOT_READY: "At least one requirement failed.",
    Verdict.INCOMPLETE: "Nothing failed, but not everything required could be checked.",
}

_NAMES_ERROR = re.compile(r"(?i)\w(?:error|exception)\b|\b(?:error|exception|panic(?:ked)?|fatal)\b")
_FRAME = re.compile(r"at |from |File \"")
"""How a line of a stack of calls begins in Node.js and Java, in Ruby, and in Python."""

EXPLAINED = "More about an item, a check or a finding: harness explain ID"
_DECLARED = "What your integration does not have is declared under [target.absent] in harness.toml, with the reason."
_DECLARABLE = ("[receiver]", "[client]", "[telemetry]")


def headline(report: Report) -> str:
    """Return the verdict with the number of blockers, and the one error that is the reason for all, if any.

    READY has the number of waivers instead, if any, and the first day on which one ends.
    """
    blockers = len(report.blockers) + len(report.problems)
    if not blockers:
        waived = f", {len(report.waivers)} waived until {report.waivers[0].expires}" if report.waivers else ""
        return f"{report.verdict}{waived}"
    reasons = list(unknowns(report))
    only = len(reasons) == 1 and reasons[0].outcome is Outcome.ERROR and not failures(report) and not report.problems
    why = f": {reasons[0].reason}" if only else ""
    return f"{report.verdict}: {blockers} blocker{'' if blockers == 1 else 's'}{why}"


def meaning(report: Report) -> str:
    """Return what the verdict means in one sentence; of READY, how much of it rests on waivers and declared skips."""
    required = [item for item in report.items if item.level is Level.MUST]
    waived = sum(item.outcome is Outcome.WAIVED for item in required)
    skipped = sum(test.declared is not None for test in report.skips)
    if report.verdict is not Verdict.READY or not (waived or skipped):
        return MEANING[report.verdict]
    number = {outcome: sum(item.outcome is outcome for item in required) for outcome in Outcome}
    absent = f" and {number[Outcome.NOT_APPLICABLE]} do not apply" if number[Outcome.NOT_APPLICABLE] else ""
    parts = f"{number[Outcome.PASS]} passed, {waived} {'is' if waived == 1 else 'are'} waived{absent}"
    scenarios = "scenario was" if skipped == 1 else "scenarios were"
    skips = f" {skipped} {scenarios} skipped, as declared." if skipped else ""
    return f"Of {len(required)} required items, {parts}.{skips}"


def _declared_skips(report: Report) -> Counter[DeclaredSkip]:
    """Return how many skipped tests each declaration accepts."""
    return Counter(test.declared for test in report.skips if test.declared is not None)


def accepted_lines(report: Report) -> Iterator[str]:
    """Yield the declared skips with their reasons, and what is waived in READY, by whom, until when and why.

    Up to `WAIVERS` waivers are listed; none for another verdict.
    """
    for skip, tests in _declared_skips(report).items():
        were = "test was" if tests == 1 else "tests were"
        yield f"{skip.test}: {tests} {were} skipped, as declared until {skip.expires}: {skip.reason}"
    if report.verdict is not Verdict.READY:
        return
    for waiver in report.waivers[:WAIVERS]:
        what = f"{waiver.finding} of {waiver.item}" if waiver.finding else waiver.item
        yield f"{what}: waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
    if more := len(report.waivers[WAIVERS:]):
        yield f"and {more} more, in harness.toml"


def parts(problem: Problem) -> tuple[str, list[str]]:
    """Return the sentence of a problem, and the lines below it that have text, such as a process's last output."""
    sentence, *details = problem.text.splitlines() or [""]
    return sentence, [stripped for line in details if (stripped := line.strip())]


def excerpt(details: list[str], most: int) -> list[str]:
    """Return the last lines, after the last one that names an error where it is further up, before a stack of calls."""
    last = details[-most:]
    named = [line for line in details if _NAMES_ERROR.search(line) and not _FRAME.match(line)]
    return last if not named or named[-1] in last else [named[-1], *last[1:]]


def counts(report: Report) -> str:
    """Return the number of items by outcome, in words."""
    return ", ".join(f"{n} {SIGNS[o].word}" for o, n in report.counts().items())


def steps(report: Report) -> Iterator[tuple[str, list[ItemResult]]]:
    """Yield the items by step of the guide, in its order."""
    for step, items in groupby(report.items, key=lambda i: i.step):
        yield step, list(items)


def when(report: Report) -> str:
    """Return the start of the run as people write it, to the minute, in UTC."""
    return f"{dt.datetime.fromisoformat(report.started_at).astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def failures(report: Report) -> list[ItemResult]:
    """Return the blockers that were seen not to hold."""
    return [item for item in report.blockers if item.outcome is Outcome.FAIL]


class Unknown(NamedTuple):
    """Why something is not known."""

    outcome: Outcome
    """Whether it was tried."""
    reason: str


def unknowns(report: Report) -> dict[Unknown, list[ItemResult]]:
    """Return the other blockers by why they are not known: one reason often holds for many items."""
    reasons: dict[Unknown, list[ItemResult]] = {}
    for item in report.blockers:
        if item.outcome is not Outcome.FAIL:
            reasons.setdefault(Unknown(item.outcome, _reason(item)), []).append(item)
    return reasons


def declarable(report: Report) -> str:
    """Return where to declare what the integration does not have; empty where nothing that may be absent is missing."""
    missing = (unknown.reason for unknown in unknowns(report) if unknown.outcome is Outcome.NOT_RUN)
    return _DECLARED if any(section in reason for reason in missing for section in _DECLARABLE) else ""


def declared(report: Report) -> dict[str, list[ItemResult]]:
    """Return the items about what the integration does not have, by the reason that ``[target.absent]`` declares."""
    reasons: dict[str, list[ItemResult]] = {}
    for item in report.items:
        if item.declared:
            reasons.setdefault(item.declared, []).append(item)
    return reasons


def reproduction(items: Iterable[ItemResult]) -> str:
    """Return the first command that shows again what is wrong with the items, empty where none is known."""
    return next((f.reproduce for item in items for f in bad_findings(item) if f.reproduce), "")


def _reason(item: ItemResult) -> str:
    """Return why an item is not known: what was in the way of its first check, where it was tried."""
    broken = next((f.observed for f in item.findings if f.outcome is Outcome.ERROR), "")
    if item.outcome is not Outcome.ERROR or not broken:
        return item.summary
    return broken.splitlines()[0][:REASON_CHARS]


def advice(item: ItemResult) -> tuple[str, str]:
    """Return what to do about an item, with its label; both empty where nothing is to be done."""
    if item.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        return "", ""
    if item.outcome in (Outcome.NOT_RUN, Outcome.ERROR):  # nothing shows that it was left undone
        return "Needed", item.remediation
    # The case that failed, which the summary is about, knows better what to do than the item as a whole.
    return "Fix", next((f.fix for f in bad_findings(item) if f.outcome is Outcome.FAIL), "") or item.remediation


def note(item: ItemResult) -> str:
    """Return what a reader must know of an item beside its outcome, such as its waiver; empty for most."""
    waiver = item.waiver
    waived = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}" if waiver else ""
    return "; ".join(filter(None, ("should" if item.level is Level.SHOULD else "", waived)))


def wrapped(text: str, *, first: str = "", indent: str) -> list[str]:
    """Break a text into lines of `WIDTH`, ``first`` and then ``indent`` before it; no id breaks at its hyphens."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def bad_findings(item: ItemResult) -> list[Finding]:
    """Return the findings that explain why an item does not hold."""
    return [f for f in item.findings if f.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)]


def _called(finding: Finding) -> str:
    return f"your integration: {first_of(finding.called, MOST_OPERATIONS)}" if finding.called else ""


def evidence(finding: Finding, *, shown: str = "") -> list[tuple[str, str]]:
    """Return what a finding rests on, labelled; what is empty, or in its headline already, is left out.

    So is a fix that is ``shown`` beside its item already.
    """
    visible = finding.headline if finding.is_brief else ""
    labelled = (
        ("expected", "" if finding.expected in visible else finding.expected),
        ("observed", "" if finding.observed in visible else finding.observed),
        ("called by", _called(finding)),
        ("source", finding.source),
        ("fix", "" if finding.fix == shown else finding.fix),
        ("id", "" if finding.id in finding.summary else finding.id),
        ("check", f"{finding.item}/{finding.check}" if finding.check else ""),
        ("request", finding.request),
        ("reproduce", finding.reproduce),
        ("note", finding.note),
        ("exclude", as_toml(finding.exclude) if finding.exclude else ""),
    )
    return [(label, text) for label, text in labelled if text]
