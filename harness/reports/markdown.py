"""The report as Markdown: for pull requests and job summaries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.model import ItemResult, Report
from harness.reports.wording import MEANING, SIGNS, counts, headline, steps


def render(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {headline(report)}"
    yield ""
    yield f"{MEANING[report.verdict]} Target: **{_text(report.target.name)}** ({report.target.environment}). "
    yield f"{counts(report)}; {report.started_at}, {report.duration_s:.1f} s, harness {report.harness_version}."
    yield from _blockers(report)
    yield from ("", "## The guide's production checklist", "", "| | line | proved by |", "|---|---|---|")
    for line in report.guide_checklist:
        proofs = ", ".join(f"`{i}`" for i in line.items)
        yield f"| {_sign(line.outcome)} | {_text(line.text)} | {proofs} |"
    for step, items in steps(report):
        yield from ("", f"## {_text(step)}", "", "| | item | level | what was seen |", "|---|---|---|---|")
        yield from (_row(item) for item in items)


def _blockers(report: Report) -> Iterator[str]:
    if report.problems or report.blockers:
        yield from ("", "## What stands in the way", "")
    for problem in report.problems:
        yield f"- {_sign(problem.outcome)}: {_text(problem.text)}"
    for item in report.blockers:
        yield f"- {_sign(item.outcome)} `{item.id}`: {_text(item.summary)}. **Do:** {_text(item.remediation)}"
    if report.warnings:
        yield from ("", "## Warnings", "")
    for item in report.warnings:
        yield f"- {_sign(item.outcome)} `{item.id}`: {_text(item.summary)}"


def _row(item: ItemResult) -> str:
    seen = _text(item.summary)
    if item.waiver:
        seen += f" (waived by {_text(item.waiver.owner)} until {item.waiver.expires}: {_text(item.waiver.reason)})"
    return f"| {_sign(item.outcome)} | `{item.id}` {_text(item.text)} | {item.level} | {seen} |"


def _sign(outcome: str) -> str:
    sign = SIGNS[outcome]  # type: ignore[index]  # outcomes are strings
    return f"{sign.mark} {sign.word}"


def _text(text: str) -> str:
    """Escape what Markdown or HTML would read as markup; one line."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
