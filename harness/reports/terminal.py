"""The report for a terminal: verdict and blockers first. Colours are named here and applied by who prints."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from harness.model import ItemResult, Outcome, Report, Verdict
from harness.reports.text import MEANING, SIGNS, Unknown, advice, counts, failures, headline, reproduction, unknowns

_STYLES = {Verdict.READY: "green", Verdict.NOT_READY: "red", Verdict.INCOMPLETE: "yellow"}
_MARK_STYLES = {Outcome.PASS: "green", Outcome.FAIL: "red"}

_INDENT = " " * len("? not run ")
_WIDTH = 110

Line = tuple[str, str]
"""Text and the name of its colour, empty for none."""


def lines(report: Report, *, written: str = "") -> Iterator[Line]:
    """Yield the summary; ``written`` is the path of the report.

    Without one the run was a part, such as the scenarios alone: what it was never meant to tell is only counted.
    """
    for text, style in _lines(report, written):
        yield _printable(text), style


def _lines(report: Report, written: str) -> Iterator[Line]:
    yield headline(report), _STYLES[report.verdict]
    yield MEANING[report.verdict], ""
    yield "", ""
    for problem in report.problems:
        yield f"{_mark(problem.outcome)} {problem.text}", _MARK_STYLES.get(problem.outcome, "yellow")
    for item in failures(report):
        yield f"{_mark(item.outcome)} {item.id}: {item.summary}", _MARK_STYLES.get(item.outcome, "yellow")
        yield f"{_INDENT}{': '.join(advice(item))}", ""
        yield from _again([item])
    for unknown, items in unknowns(report).items():
        shown = [i for i in items if written or i.findings]
        yield from _unknown(unknown, shown) if shown else ()
    for item in report.warnings:
        yield f"{_mark(item.outcome)} {item.id} (should): {item.summary}", "yellow"
    if written:
        yield "", ""
        yield "The guide's production checklist", ""
        for line in report.guide_checklist:
            yield f"{_mark(line.outcome)} {line.text}", _MARK_STYLES.get(line.outcome, "yellow")
    yield "", ""
    yield (
        f"{report.target.name} ({report.target.environment}): {counts(report)}, in {report.duration_s:.1f} s",
        "",
    )
    yield (f"Report: {written}" if written else "The whole checklist: harness gate"), ""


def _unknown(unknown: Unknown, items: list[ItemResult]) -> Iterator[Line]:
    """Name the items that are not known for one reason; ids are not broken at their hyphens."""
    text = f"{_mark(unknown.outcome)} {', '.join(i.id for i in items)}"
    wrapped = textwrap.wrap(text, _WIDTH, subsequent_indent=_INDENT, break_on_hyphens=False, break_long_words=False)
    yield from ((line, "yellow") for line in wrapped)
    yield f"{_INDENT}Why: {unknown.reason}", ""
    if unknown.outcome is Outcome.ERROR:
        yield from _again(items)


def _mark(outcome: Outcome) -> str:
    sign = SIGNS[outcome]
    return f"{sign.mark} {sign.word:<7}"


def _again(items: list[ItemResult]) -> Iterator[Line]:
    if again := reproduction(items):
        yield f"{_INDENT}Again: {again}", ""


def _printable(text: str) -> str:
    """Show control characters instead of sending them: a target's answer must not move the cursor or hide a line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
