"""From all findings to one report, or to the lines of plain pytest: judged, searched for secrets, written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from harness import __version__
from harness.context.exclusions import of_difference, with_exclusion
from harness.core.encodable import encodable_struct
from harness.model import Finding, Outcome, Problem, Report, SkippedTest, Verdict
from harness.readiness import skips, vendor
from harness.readiness.evaluate import assemble, today
from harness.readiness.touched import expired_waivers, touched_items
from harness.reports import FORMATS, write
from harness.reports.plain_run import plain_lines

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.context.target import Target
    from harness.model.signals import SignalMatrix
    from harness.model.spec_coverage import Coverage
    from harness.process.run_clock import RunClock
    from harness.reports.terminal import Line


def judged(
    run_context: RunContext,
    clock: RunClock,
    *,
    findings: Iterable[Finding],
    problems: Sequence[Problem],
    skipped: Iterable[SkippedTest] | None,
    coverage: Coverage | None,
    signals: SignalMatrix | None,
    provider_counts: bool,
) -> Report:
    """Judge every item and the run as a whole; ``skipped`` is None where not all scenarios were to run."""
    target = run_context.target
    tests = skips.accepted(skipped or (), target.config.target.skips, today())
    if skipped is not None:
        problems = [*problems, *_problems_of_skips(target, tests, problems)]
    report = assemble(
        run_id=run_context.run.run_id,
        checklist=run_context.checklist,
        target=target.summary,
        findings=findings,
        problems=[*problems, *_problems_of_clock(clock)],
        waivers=run_context.config.waiver,
        missing=_missing(run_context),
        declared=run_context.declared,
        started_at=clock.started_at,
        duration_s=clock.duration_s,
        today=today(),
        version=__version__,
        coverage=coverage,
        signals=signals,
        provider=target.owner,
        provider_counts=provider_counts,
    )
    return msgspec.structs.replace(
        report,
        skips=tuple(tests),
        items=tuple(with_exclusion(run_context, item) for item in report.items),
        vendor=tuple(of_difference(run_context, difference) for difference in report.vendor),
    )


def _problems_of_clock(clock: RunClock) -> Iterator[Problem]:
    if complaint := clock.complaint():
        yield Problem(outcome=Outcome.ERROR, text=complaint)


def _missing(run_context: RunContext) -> dict[str, tuple[str, ...]]:
    """Return by item the keys that it needs, and that harness.toml does not set although they may be set."""
    target = run_context.target
    return {
        item.id: target.missing(tuple(key for key in item.needs if not target.declared((key,))))
        for item in run_context.checklist
    }


def _problems_of_skips(target: Target, tests: Sequence[SkippedTest], problems: Iterable[Problem]) -> Iterator[Problem]:
    complete = not any(problem.outcome is Outcome.ERROR for problem in problems)
    return skips.problems(tests, target.config.target.skips, today(), complete=complete)


def seen_in_plain_run(
    run_context: RunContext,
    *,
    findings: Sequence[Finding],
    problems: Sequence[Problem],
    provider_counts: bool,
    verbosity: int,
    written: str,
) -> Iterator[Line]:
    """Yield what plain pytest prints: the items that its tests verified, and what is wrong with their waivers."""
    checklist, waivers = run_context.checklist, run_context.config.waiver
    items = touched_items(checklist, findings, waivers=waivers, today=today(), provider_counts=provider_counts)
    items = tuple(msgspec.structs.replace(item, result=with_exclusion(run_context, item.result)) for item in items)
    differing = () if provider_counts else vendor.differences(checklist, findings)
    yield from plain_lines(
        items,
        [*problems, *expired_waivers(items, waivers, today())],
        vendor=[of_difference(run_context, difference) for difference in differing],
        verbosity=verbosity,
        written=written,
    )


def published(run_context: RunContext, report: Report) -> Report:
    """Write every format of a report, each only after it was searched for known secrets; return what was written.

    Raises `HarnessError` where the folder cannot be written to.
    """
    report, vault = run_context.admission.redacted(encodable_struct(report)), run_context.vault
    scanner = vault.scanner()
    rendered = {name: render(report) for name, render in FORMATS.items()}
    searched = {name: scanner.scan_bytes(text.encode(), name) for name, text in rendered.items()}
    if unread := [what for leaks in searched.values() for what in leaks.unread]:
        text = f"The gate's own output could not be searched for secrets to its end: {'; '.join(unread)}."
        report = _with_problem(report, Problem(outcome=Outcome.ERROR, text=text))
        rendered = {name: render(report) for name, render in FORMATS.items()}
    leaking = [name for name, leaks in searched.items() if leaks]
    if leaking:  # redaction came first, so this is a defect of the harness, and prevents READY
        text = f"The gate's own output contained a secret ({', '.join(leaking)}); it was redacted."
        report = _with_problem(report, Problem(outcome=Outcome.FAIL, text=text))
        rendered = {name: vault.redact(render(report)) for name, render in FORMATS.items()}
    write(rendered, run_context.reports)
    return report


def _with_problem(report: Report, problem: Problem) -> Report:
    """Return a report with a problem more, which prevents READY."""
    failed = problem.outcome is Outcome.FAIL or report.verdict is Verdict.NOT_READY
    verdict = Verdict.NOT_READY if failed else Verdict.INCOMPLETE
    return msgspec.structs.replace(report, problems=(*report.problems, problem), verdict=verdict)
