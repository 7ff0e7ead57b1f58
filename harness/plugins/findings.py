"""What one test observed: findings it attached, and what its own outcome says of the items it verifies."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
import pytest
from _pytest.outcomes import Failed  # pytest.fail.Exception, under the name mypy can follow

from harness.errors import HarnessError
from harness.model import Finding, Level, Mode, Outcome

if TYPE_CHECKING:
    from harness.context.run_context import RunContext

PROPERTY = "harness.finding"
_TEXT_FIELDS = ("summary", "expected", "observed", "reproduce", "request")
_MAX_CHARS = 2000


class FindingsFailed(Failed):
    """A test passed by its assertions, but something it attached failed."""


class Findings:
    """The findings of one test, redacted as they come in."""

    def __init__(self, run_context: RunContext, test: str, *, recorded: bool) -> None:
        """``test`` is the node id; ``recorded`` says that what is seen comes from a cassette."""
        self._context = run_context
        self._test = test
        self._mode = Mode.RECORDED if recorded else Mode.LIVE
        self._all: list[Finding] = []
        self._handed_on = 0

    def add(self, finding: Finding, *, recorded: bool = False) -> None:
        """Attach one finding; a failing one fails the test. ``recorded`` says it is about a recording in any mode."""
        self._context.checklist.require(finding.item, self._test)
        if finding.outcome is Outcome.WAIVED:
            raise HarnessError(
                f"{self._test}: no finding is 'waived'; that is for a [[waiver]] in harness.toml to say."
            )
        texts = {name: self._context.vault.redact(getattr(finding, name))[:_MAX_CHARS] for name in _TEXT_FIELDS}
        texts["reproduce"] = texts["reproduce"] or self._context.reproduce(self._test)
        self._all.append(
            msgspec.structs.replace(finding, **texts, test=self._test, mode=Mode.RECORDED if recorded else self._mode)
        )

    def extend(self, findings: Iterable[Finding]) -> None:
        """Attach several findings."""
        for finding in findings:
            self.add(finding)

    def known(self, item_ids: Iterable[str]) -> list[str]:
        """Return those of ``item_ids`` that are on the checklist."""
        return [i for i in item_ids if i in self._context.checklist.ids]

    @property
    def items(self) -> set[str]:
        """Ids of the items that findings were attached for."""
        return {f.item for f in self._all}

    def failure(self) -> str:
        """Return why the test must fail, empty when nothing attached failed or was in error."""
        from harness.readiness.evaluate import today
        from harness.readiness.waivers import excused

        counted = (excused(f, self._context.config.waiver, today()) for f in self._all)
        bad = [f for f in counted if f.outcome in (Outcome.FAIL, Outcome.ERROR)]
        return "\n".join(line for f in bad for line in _lines(f))

    def unsent(self) -> Iterator[Finding]:
        """Yield the findings attached since the last call."""
        fresh, self._handed_on = self._all[self._handed_on :], len(self._all)
        yield from fresh


def verified(item: pytest.Item) -> list[str]:
    """Return the ids of all ``@pytest.mark.verifies`` markers of a test, each once."""
    return list(dict.fromkeys(str(arg) for mark in item.iter_markers("verifies") for arg in mark.args))


def conclude(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, findings: Findings
) -> Iterator[tuple[str, str]]:
    """Yield this phase's findings as user properties; a test without its own speaks through its outcome."""
    outcome = _outcome(call, report)
    if outcome is not None:
        for item_id in findings.known(verified(item)):
            # A test's own findings say more than that it passed; that it broke is news all the same.
            if outcome is not Outcome.PASS or item_id not in findings.items:
                findings.add(_own(item, item_id, outcome, call, report))
    for finding in findings.unsent():
        yield PROPERTY, finding.to_json()


def show_plainly(call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Show an error that the harness raised on purpose as its sentence: its traceback is about the harness."""
    if report.failed and call.excinfo is not None and isinstance(call.excinfo.value, HarnessError):
        report.longrepr = str(call.excinfo.value)


def redact_report(report: pytest.TestReport, redact: Callable[[str], str]) -> None:
    """Take known secrets out of a report's traceback and captured output."""
    if report.longrepr is not None and not isinstance(report.longrepr, tuple):
        text = str(report.longrepr)
        if (clean := redact(text)) != text:
            report.longrepr = clean
    report.sections = [(name, redact(text)) for name, text in report.sections]


def _outcome(call: pytest.CallInfo[None], report: pytest.TestReport) -> Outcome | None:
    """Return what a phase says of the items, None for a set-up or tear-down that went well."""
    if hasattr(report, "wasxfail"):
        # An expected failure is a failure: what is accepted is written down as a waiver, with owner and date.
        return Outcome.PASS if report.passed else Outcome.FAIL
    if call.excinfo is not None and isinstance(call.excinfo.value, FindingsFailed):
        return Outcome.PASS
    if report.skipped:
        return Outcome.NOT_RUN
    if report.passed:
        return Outcome.PASS if report.when == "call" else None
    if report.when != "call" or (call.excinfo is not None and _could_not_check(call.excinfo.value)):
        return Outcome.ERROR
    return Outcome.FAIL


def _could_not_check(exception: BaseException) -> bool:
    """Whether the exception says that nothing was observed, rather than that something was wrong."""
    httpx = sys.modules.get("httpx")
    transport = httpx.TransportError if httpx else ()
    return isinstance(exception, (HarnessError, transport))


def _own(
    item: pytest.Item, item_id: str, outcome: Outcome, call: pytest.CallInfo[None], report: pytest.TestReport
) -> Finding:
    name = item.name
    doc = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip().splitlines()
    observed = ""
    if outcome is Outcome.NOT_RUN and isinstance(report.longrepr, tuple):
        observed = str(report.longrepr[2]).removeprefix("Skipped: ")
    elif call.excinfo is not None:
        plain = isinstance(call.excinfo.value, HarnessError)
        observed = str(call.excinfo.value) if plain else call.excinfo.exconly(tryshort=True)
    summary = f"{name}: {observed.splitlines()[0][:200]}" if observed else f"{name} passed"
    return Finding(
        item=item_id,
        outcome=outcome,
        summary=summary,
        expected=doc[0] if doc else "",
        observed=observed,
        level=_level(item, item_id) if outcome is Outcome.NOT_RUN else Level.MUST,
    )


def _level(item: pytest.Item, item_id: str) -> Level:
    """Return the level that the marker gives: what only should hold does not leave its item unknown."""
    levels = [mark.kwargs["level"] for mark in item.iter_markers("verifies") if item_id in mark.args and mark.kwargs]
    return Level(levels[0]) if levels else Level.MUST


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.item}: {finding.summary}"
    for label, text in (
        ("expected", finding.expected),
        ("observed", finding.observed),
        ("source", finding.source),
        ("fix", finding.fix),
        ("request", finding.request),
        ("again", finding.reproduce),
    ):
        if text:
            yield f"    {label}: {text}"
