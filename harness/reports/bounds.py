"""How much of many findings is shown: the first of each kind, and how many more; readiness.json has all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from harness.model import Finding, Outcome
from harness.model.spec_coverage import Coverage, OperationCoverage
from harness.readiness.vendor import kind_of

ON_A_PAGE = 200
"""Kinds of findings of one item on the page."""
IN_MARKDOWN = 3
"""Kinds of findings of one failed item in Markdown: job summaries have a limit."""
OPERATIONS = 200
"""Rows of the table of coverage."""
IN_PYTEST = 200
"""Kinds of findings that the failures of all tests of one process show in full."""
LINES_OF_A_KIND = 10
"""Findings of one kind that those failures name; all but the first in a line."""

Kind = tuple[object, ...]


class Shown(NamedTuple):
    """A finding that is shown for all of its kind."""

    finding: Finding
    alike: int
    """Others of its kind, which are not shown."""


class Shares(NamedTuple):
    """What is shown of findings."""

    shown: tuple[Shown, ...]
    more: int
    """Findings of other kinds, of which none is shown."""


class ShownOperations(NamedTuple):
    """What the table of coverage shows."""

    shown: tuple[OperationCoverage, ...]
    more: int
    """Other operations that were called."""


def kind(finding: Finding) -> Kind:
    """Return what is the same for findings of one item, check, outcome and cause, whose subjects alone differ.

    A finding without a subject is of a kind of its own.
    """
    return (finding.outcome, *kind_of(finding)) if finding.subject else (finding,)


def firsts(findings: Iterable[Finding], most: int) -> Shares:
    """Return the first finding of ``most`` kinds, in their order; of too many, those that pass are left out first."""
    first: dict[Kind, Finding] = {}
    number: Counter[Kind] = Counter()
    for finding in findings:
        first.setdefault(kind(finding), finding)
        number[kind(finding)] += 1
    kinds = list(first)
    if len(kinds) > most:
        kinds.sort(key=lambda k: first[k].outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE))
    shown = tuple(Shown(first[k], number[k] - 1) for k in kinds[:most])
    return Shares(shown, number.total() - sum(1 + s.alike for s in shown))


def failure_lines(
    findings: Iterable[Finding], shown: Counter[Kind], in_full: Callable[[Finding], Iterable[str]]
) -> Iterator[str]:
    """Yield the first finding of each kind ``in_full``, further ones in a line, and in the end how many more.

    ``shown`` counts by kind what the failures of earlier tests show, and is added to.
    """
    more = 0
    for finding in findings:
        before = shown[key := kind(finding)]
        if before >= LINES_OF_A_KIND or (not before and len(shown) >= IN_PYTEST):
            more += 1
            continue
        shown[key] += 1
        yield from [f"{finding.item}: {finding.headline}"] if before else in_full(finding)
    if more:
        yield f"and {more} more; readiness.json has all of them (harness gate, or --harness-reports DIR)"


def shown_operations(coverage: Coverage) -> ShownOperations:
    """Return the called operations for the table: all, or of too many the first, those with missing responses first."""
    called = tuple(o for o in coverage.operations if o.called)
    if len(called) <= OPERATIONS:
        return ShownOperations(called, 0)
    shown = sorted(called, key=lambda o: bool(o.valid) and not o.missing)[:OPERATIONS]
    return ShownOperations(tuple(shown), len(called) - OPERATIONS)
