"""The report for a terminal: verdict and blockers first. Colours are named here and applied by who prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.core.shown_text import printable
from harness.model import Exclusion, ItemResult, Level, Outcome, Problem, Report, VendorDifference, Verdict
from harness.reports import vendor_section
from harness.reports.exclusion_block import IN_A_TERMINAL, INTRODUCTION, toml_lines
from harness.reports.text import (
    EXPLAINED,
    SIGNS,
    Unknown,
    accepted_lines,
    advice,
    bad_findings,
    counts,
    declarable,
    declared,
    excerpt,
    failures,
    headline,
    meaning,
    parts,
    reproduction,
    unknowns,
    wrapped,
)

_STYLES = {Verdict.READY: "green", Verdict.NOT_READY: "red", Verdict.INCOMPLETE: "yellow"}
MARK_STYLES = {Outcome.PASS: "green", Outcome.FAIL: "red"}

INDENT = " " * len("? not run ")

_CAUSES = 5
"""Further findings about a provider that an item lists below its summary."""
_CALLED = ", called by your integration"
_DETAILS = 3
"""Lines shown below the sentence of a problem, which names the file with all of them."""

Line = tuple[str, str]
"""Text and the name of its colour, empty for none."""


def lines(report: Report, *, written: str, verbosity: int = 0) -> Iterator[Line]:
    """Yield the summary of a gate; ``written`` is the path of the report.

    What passed is only counted, and listed with a ``verbosity`` above 0.
    """
    for text, style in _lines(report, written, verbosity):
        yield printable(text), style


def _lines(report: Report, written: str, verbosity: int) -> Iterator[Line]:
    yield headline(report), _STYLES[report.verdict]
    yield meaning(report), ""
    yield from ((f"{SIGNS[Outcome.WAIVED].mark} {line}", "") for line in accepted_lines(report))
    yield "", ""
    for problem in report.problems:
        yield from problem_lines(problem)
    for item in failures(report):
        yield f"{mark(item.outcome)} {item.id}: {item.summary}", MARK_STYLES.get(item.outcome, "yellow")
        yield from _causes(item)
        yield f"{INDENT}{': '.join(advice(item))}", ""
        yield from exclusion_lines(item)
        yield from _again([item])
    if failures(report):
        yield EXPLAINED, ""
    yield from _unknowns(report)
    for item in report.warnings:
        yield f"{mark(item.outcome)} {item.id} (should): {item.summary}", "yellow"
    for reason, items in declared(report).items():
        text = f"{mark(Outcome.NOT_APPLICABLE)}, declared ({reason}): {', '.join(i.id for i in items)}"
        yield from ((line, "") for line in wrapped(text, indent=INDENT))
    yield from _passed(report, verbosity)
    if report.signals and report.signals.blind:
        yield f"Blind spots: nothing showed {', '.join(row.fault for row in report.signals.blind)}", "yellow"
    yield from vendor_lines(report.vendor)
    yield "", ""
    yield "The guide's production checklist", ""
    for line in report.guide_checklist:
        yield f"{mark(line.outcome)} {line.text}", MARK_STYLES.get(line.outcome, "yellow")
    yield "", ""
    yield (
        f"{report.target.name} ({report.target.environment}): {counts(report)}, in {report.duration_s:.1f} s",
        "",
    )
    if report.provider:
        yield vendor_section.owner(report), ""
    yield f"Report: {written}", ""


def _causes(item: ItemResult) -> Iterator[Line]:
    """Yield what else is wrong with the provider, after the first finding, and the number of notes."""
    found = [f for f in bad_findings(item) if f.is_of_provider and f.outcome is Outcome.FAIL]
    for finding in found[1 : 1 + _CAUSES]:
        marks = [
            text for text, holds in ((" (should)", finding.level is Level.SHOULD), (_CALLED, finding.called)) if holds
        ]
        yield f"{INDENT}{finding.headline}{''.join(marks)}", ""
    if item.notes:
        yield (
            f"{INDENT}{len(item.notes)} note{'' if len(item.notes) == 1 else 's'} in the report, which decide nothing",
            "",
        )


def _passed(report: Report, verbosity: int) -> Iterator[Line]:
    for item in report.items:
        if verbosity > 0 and item.outcome is Outcome.PASS:
            yield f"{mark(item.outcome)} {item.id}: {item.summary}", MARK_STYLES[item.outcome]
            yield from _passed_checks(item)


def _passed_checks(item: ItemResult) -> Iterator[Line]:
    """Yield a line for each check that an item only counts."""
    passed = [f for f in item.findings if f.outcome is Outcome.PASS]
    if len(passed) > 1:
        names = (" ".join(filter(None, (f.check, f.case if f.case != f.check else ""))) for f in passed)
        texts = (f"{name}: {f.summary}" if name else f.summary for name, f in zip(names, passed, strict=True))
        yield from ((f"{INDENT}{text}", "") for text in dict.fromkeys(texts))


def vendor_lines(differences: Sequence[VendorDifference]) -> Iterator[Line]:
    """Yield the first of what a vendor's API does differently, and how much more there is; none of it blocks."""
    if not differences:
        return
    yield "", ""
    yield f"{vendor_section.HEADING}: {vendor_section.total(differences)}", ""
    for difference in differences[: vendor_section.MOST_DIFFERENCES]:
        text = f"\N{EN DASH} {printable(vendor_section.sentence(difference))}"
        yield from ((line, "") for line in wrapped(text, first="  ", indent="    "))
        yield from _to_copy(difference.exclude, "    ")
    if (more := len(differences) - vendor_section.MOST_DIFFERENCES) > 0:
        yield f"  and {more} more in the report", ""


def exclusion_lines(item: ItemResult) -> Iterator[Line]:
    """Yield the lines of harness.toml that leave out what the server does not have, where a finding is about that."""
    for finding in bad_findings(item):
        yield from _to_copy(finding.exclude, INDENT)


def _to_copy(exclusion: Exclusion | None, indent: str) -> Iterator[Line]:
    if exclusion is None:
        return
    yield f"{indent}{INTRODUCTION}", ""
    yield from ((f"{indent}  {line}", "") for line in toml_lines(exclusion, most=IN_A_TERMINAL))


def problem_lines(problem: Problem) -> Iterator[Line]:
    """Yield a problem, and below its sentence the last of its details."""
    sentence, details = parts(problem)
    yield f"{mark(problem.outcome)} {sentence}", MARK_STYLES.get(problem.outcome, "yellow")
    yield from ((f"{INDENT}{line}", "") for line in excerpt(details, _DETAILS))


def _unknowns(report: Report) -> Iterator[Line]:
    for unknown, items in unknowns(report).items():
        yield from _unknown(unknown, items)
    if hint := declarable(report):
        yield hint, ""


def _unknown(unknown: Unknown, items: list[ItemResult]) -> Iterator[Line]:
    """Name the items that are not known for one reason."""
    text = f"{mark(unknown.outcome)} {', '.join(i.id for i in items)}"
    yield from ((line, "yellow") for line in wrapped(text, indent=INDENT))
    yield f"{INDENT}Why: {unknown.reason}", ""
    if unknown.outcome is Outcome.ERROR:
        yield from _again(items)


def mark(outcome: Outcome) -> str:
    """Return the sign and the word of an outcome, as wide as `INDENT` or wider."""
    sign = SIGNS[outcome]
    return f"{sign.mark} {sign.word:<7}"


def _again(items: list[ItemResult]) -> Iterator[Line]:
    if again := reproduction(items):
        yield f"{INDENT}Reproduce: {again}", ""
