"""The report as Markdown: for pull requests and job summaries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.core.shown_text import visible
from harness.model import Exclusion, Finding, ItemResult, Outcome, Report
from harness.reports import bounds, coverage_table, folded, signal_table, vendor_section
from harness.reports.exclusion_block import IN_MARKDOWN, INTRODUCTION, toml_lines
from harness.reports.text import (
    EXPLAINED,
    SIGNS,
    accepted_lines,
    advice,
    bad_findings,
    counts,
    declarable,
    declared,
    evidence,
    excerpt,
    failures,
    headline,
    meaning,
    note,
    parts,
    reproduction,
    steps,
    unknowns,
    when,
)

_LINES = 3
"""Lines of the details of a problem, and the length that each text is cut to: job summaries have a limit."""
_CHARS = 600


def render(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    return visible("\n".join(_lines(report))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {_text(headline(report))}"
    yield ""
    yield meaning(report)
    yield ""
    if waived := [f"- {_text(line)}" for line in accepted_lines(report)]:
        yield from (*waived, "")
    yield f"**{_text(report.target.name)}** ({report.target.environment}), {when(report)}, {report.duration_s:.1f} s: "
    yield f"{counts(report)}."
    yield from ("", _text(vendor_section.owner(report))) if report.provider else ()
    yield from _blockers(report)
    yield from _notes(report)
    yield from _vendor(report)
    yield from _absent(report)
    yield from ("", "## The guide's production checklist", "", "| | requirement | proved by |", "|---|---|---|")
    for line in report.guide_checklist:
        proofs = ", ".join(f"`{i}`" for i in line.items)
        yield f"| {_sign(line.outcome)} | {_text(line.text)} | {proofs} |"
    for step, items in steps(report):
        yield from ("", f"## {_text(step)}", "", "| | item | requirement | result |", "|---|---|---|---|")
        yield from (_row(item) for item in items)
    yield from _signals(report)
    yield from _coverage(report)


def _vendor(report: Report) -> Iterator[str]:
    if not report.vendor:
        return
    yield from (
        "",
        f"## {vendor_section.HEADING}",
        "",
        f"{vendor_section.total(report.vendor)}.",
        "",
    )
    for difference in report.vendor[: vendor_section.MOST_ON_A_PAGE]:
        yield f"- {_text(vendor_section.sentence(difference))}"
        yield from _to_copy(difference.exclude)
    if (more := len(report.vendor) - vendor_section.MOST_ON_A_PAGE) > 0:
        yield f"- and {more} more, in readiness.json"


def _signals(report: Report) -> Iterator[str]:
    if report.signals is None:
        return
    yield from ("", "## Blind spots", "", f"{_text(signal_table.summary(report.signals))}.", "")
    yield from (f"- {_text(sentence)}" for sentence in signal_table.unobserved(report.signals))
    if report.signals.unobserved:
        yield ""
    yield f"| {' | '.join(signal_table.HEADINGS)} |"
    yield "|" + "---|" * len(signal_table.HEADINGS)
    for row in report.signals.rows:
        seen = [f"{cell.mark} {cell.word}" for cell in signal_table.cells(row)]
        if row.not_caused:
            seen = [f"not caused: {_text(row.not_caused[:_CHARS])}", *("" for _ in seen[1:])]
        yield f"| {_text(row.fault)} | {' | '.join(seen)} |"


def _coverage(report: Report) -> Iterator[str]:
    if report.coverage is None:
        return
    yield from ("", "## Coverage of the spec", "", f"{coverage_table.summary(report.coverage)}.", "")
    yield f"| {' | '.join(coverage_table.HEADINGS)} |"
    yield "|" + "---|" * len(coverage_table.HEADINGS)
    operations = bounds.shown_operations(report.coverage)
    yield from (f"| {' | '.join(_text(cell) for cell in row)} |" for row in coverage_table.rows(operations.shown))
    if operations.more:
        yield from ("", f"and {operations.more} more in readiness.json")
    if rest := coverage_table.not_called(report.coverage):
        yield from ("", _text(f"{rest}."))


def _blockers(report: Report) -> Iterator[str]:
    if report.problems or report.blockers:
        yield from ("", "## Blockers", "")
    for problem in report.problems:
        sentence, details = parts(problem)
        yield f"- {_sign(problem.outcome)}: {_text(sentence)}"
        yield from (f"  - {_code(line[:_CHARS])}" for line in excerpt(details, _LINES))
    for item in failures(report):
        yield f"- {_sign(item.outcome)} `{item.id}`: {_text(item.summary)}"
        yield from _explained(item)
    if failures(report):
        yield from ("", EXPLAINED, "")
    for unknown, items in unknowns(report).items():
        yield f"- {_sign(unknown.outcome)}: {', '.join(f'`{i.id}`' for i in items)}<br>{_text(unknown.reason)}"
        if unknown.outcome is Outcome.ERROR and (again := reproduction(items)):
            yield f"  - reproduce: {_code(again)}"
    if hint := declarable(report):
        yield from ("", hint)
    if report.warnings:
        yield from ("", "## Warnings", "")
    for item in report.warnings:
        yield f"- {_sign(item.outcome)} `{item.id}`: {_text(item.summary)}"


def _absent(report: Report) -> Iterator[str]:
    if absent := declared(report):
        yield from ("", "## Declared absent", "")
    for reason, items in absent.items():
        yield f"- {_text(reason)}: {', '.join(f'`{item.id}`' for item in items)}"


def _explained(item: ItemResult) -> Iterator[str]:
    label, text = advice(item)
    yield f"  - **{label}:** {_text(text)}"
    bad = bad_findings(item)
    shares = bounds.firsts(bad, bounds.IN_MARKDOWN)
    for finding, alike in shares.shown:
        if len(bad) > 1:  # a single one is the item's own summary
            yield f"  - {_text(finding.headline)}{f', and {alike} more of this kind' if alike else ''}"
        indent = "    " if len(bad) > 1 else "  "
        proof = ((name, value) for name, value in evidence(finding, shown=text) if name != "exclude")
        yield from (f"{indent}- {name}: {_code(value[:_CHARS])}" for name, value in proof)
        yield from _members(finding, indent)
        yield from _to_copy(finding.exclude)
    if shares.more:
        yield f"  - and {shares.more} more, in readiness.html"


def _members(finding: Finding, indent: str) -> Iterator[str]:
    """List the findings that a finding stands for."""
    if title := folded.members_title(finding):
        yield f"{indent}- {title}:"
        yield from (f"{indent}  - {_code(line[:_CHARS])}" for line in folded.member_lines(finding, folded.IN_MARKDOWN))


def _notes(report: Report) -> Iterator[str]:
    """Fold the notes of all items away, behind a line with their number."""
    noted = [item for item in report.items if item.notes]
    if noted:
        yield from ("", "## Notes", "")
    for item in noted:
        yield from ("<details>", f"<summary>{item.id}: {folded.notes_title(item.notes)}</summary>", "")
        yield from (f"- {_text(line[:_CHARS])}" for line in folded.note_lines(item.notes, folded.IN_MARKDOWN))
        yield from ("", "</details>", "")


def _to_copy(exclusion: Exclusion | None) -> Iterator[str]:
    """Show the lines of harness.toml that leave operations out, as a block within a list."""
    if exclusion is None:
        return
    yield from (f"  - {INTRODUCTION}", "", "    ```toml")
    yield from (f"    {line}" for line in toml_lines(exclusion, most=IN_MARKDOWN))
    yield from ("    ```", "")


def _row(item: ItemResult) -> str:
    seen = _text(item.summary) + (f" ({_text(remark)})" if (remark := note(item)) else "")
    return f"| {_sign(item.outcome)} | `{item.id}` | {_text(item.text)} | {seen} |"


def _sign(outcome: str) -> str:
    sign = SIGNS[outcome]  # type: ignore[index]  # outcomes are strings
    return f"{sign.mark} {sign.word}"


def _text(text: str) -> str:
    """Escape what Markdown or HTML would read as markup; one line."""
    return re.sub(r"([\\`*_\[\]<>|#&~$])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Show text as code on one line, whatever backticks it holds (CommonMark 0.31, section 6.1)."""
    line = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"`{line}`"
