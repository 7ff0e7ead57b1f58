"""The words and signs all reports share: an outcome is never shown by colour alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from harness.model import ItemResult, Outcome, Report, Verdict


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
    Verdict.READY: "Everything that must hold was seen to hold.",
    Verdict.NOT_READY: "Something that must hold does not.",
    Verdict.INCOMPLETE: "Nothing failed, but not everything that must hold is known.",
}


def headline(report: Report) -> str:
    """Return the verdict with the number of things that stand in its way."""
    blockers = len(report.blockers) + len(report.problems)
    if not blockers:
        return report.verdict
    return f"{report.verdict}: {blockers} blocker{'' if blockers == 1 else 's'}"


def counts(report: Report) -> str:
    """Return the number of items by outcome, in words."""
    return ", ".join(f"{n} {SIGNS[o].word}" for o, n in report.counts().items())


def steps(report: Report) -> Iterator[tuple[str, list[ItemResult]]]:
    """Yield the items by step of the guide, in its order."""
    for step, items in groupby(report.items, key=lambda i: i.step):
        yield step, list(items)
