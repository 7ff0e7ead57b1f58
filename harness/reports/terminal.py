"""The report for a terminal: verdict and blockers first. Colours are named here and applied by who prints."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model import Finding, ItemResult, Outcome, Report, Verdict
from harness.reports.wording import MEANING, SIGNS, counts, headline

_STYLES = {Verdict.READY: "green", Verdict.NOT_READY: "red", Verdict.INCOMPLETE: "yellow"}
_MARK_STYLES = {Outcome.PASS: "green", Outcome.FAIL: "red"}

Line = tuple[str, str]
"""Text and the name of its colour, empty for none."""


def lines(report: Report, *, written: str = "") -> Iterator[Line]:
    """Yield the summary; ``written`` is the path of the report.

    Without one the run was a part, such as the scenarios alone: what it was never meant to tell is only counted.
    """
    yield headline(report), _STYLES[report.verdict]
    yield MEANING[report.verdict], ""
    yield "", ""
    for problem in report.problems:
        yield f"{_mark(problem.outcome)} {problem.text}", _MARK_STYLES.get(problem.outcome, "yellow")
    for item in report.blockers:
        if item.outcome is not Outcome.NOT_RUN:
            yield f"{_mark(item.outcome)} {item.id}: {item.summary}", _MARK_STYLES.get(item.outcome, "yellow")
            yield f"    Do: {item.remediation}", ""
            yield from ((f"    Again: {again}", "") for again in _reproductions(item.findings))
    yield from _not_run([i for i in report.blockers if i.outcome is Outcome.NOT_RUN and (written or i.findings)])
    for item in report.warnings:
        yield f"{_mark(item.outcome)} {item.id} (should): {item.summary}", "yellow"
    if written:
        yield "", ""
        for line in report.guide_checklist:
            yield f"{_mark(line.outcome)} {line.text}", _MARK_STYLES.get(line.outcome, "yellow")
    yield "", ""
    yield (
        f"{report.target.name} ({report.target.environment}): {counts(report)}, in {report.duration_s:.1f} s",
        "",
    )
    yield (f"Report: {written}" if written else "The whole checklist: harness gate"), ""


def _not_run(items: list[ItemResult]) -> Iterator[Line]:
    """Name what is not known, one line a reason: the same reason often holds for many items."""
    reasons: dict[str, list[str]] = {}
    for item in items:
        reasons.setdefault(item.summary, []).append(item.id)
    for reason, ids in reasons.items():
        yield f"{_mark(Outcome.NOT_RUN)} {', '.join(ids)}", "yellow"
        yield f"    Why: {reason}", ""


def _mark(outcome: Outcome) -> str:
    sign = SIGNS[outcome]
    return f"{sign.mark} {sign.word:<7}"


def _reproductions(findings: tuple[Finding, ...]) -> Iterator[str]:
    bad = (f for f in findings if f.outcome in (Outcome.FAIL, Outcome.ERROR) and f.reproduce)
    yield from list(dict.fromkeys(f.reproduce for f in bad))[:1]
