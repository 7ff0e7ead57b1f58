"""What a test's outcome means for the items it verifies, and how its failure is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest
from _pytest.outcomes import Skipped  # pytest.skip.Exception, under the name mypy can follow

from harness.core.cutting import cut
from harness.core.encodable import encodable
from harness.errors import FindingError, HarnessError
from harness.model import Finding, Level, Outcome
from harness.plugins.call_watch import evidence_of
from harness.plugins.faults_of_ours import FIX, WORDS, is_fault_of_ours
from harness.plugins.findings import FindingsFailed
from harness.plugins.stash import CATEGORY, parameters

if TYPE_CHECKING:
    from harness.context.target import Target
    from harness.plugins.findings import Findings, Property


_IMPLIED = "workflow.recorded"
"""The item of every scenario that is played back; one that is skipped as declared leaves it to the others."""


class DeclaredAbsent(Skipped):
    """Skips a check of what the integration does not have, as ``[target.absent]`` declares."""


def origin_of(item: pytest.Item, target: Target) -> str:
    """Return the name of a test in every run: of its file in the target's folder, and without the mode it runs in."""
    file = target.shown(item.path) if item.path.is_relative_to(target.root) else item.path.name
    name = item.nodeid.partition("::")[2]
    mode = parameters(item).get("harness_mode")
    if mode and name.endswith("]"):
        test, _, ids = name[:-1].partition("[")
        left = ids.split("-")
        if mode in left:
            left.remove(mode)
        name = f"{test}[{'-'.join(left)}]" if left else test
    return f"{file}::{name}"


def verified(item: pytest.Item) -> list[str]:
    """Return the ids of all ``@pytest.mark.verifies`` markers of a test, each once."""
    return list(dict.fromkeys(str(arg) for mark in item.iter_markers("verifies") for arg in mark.args))


def conclude(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, findings: Findings
) -> list[Property]:
    """Return this phase's findings as properties of the test; without any, its outcome is one."""
    foreign = [entry for entry in item.user_properties if not findings.is_own(entry)]
    for properties in (item.user_properties, report.user_properties):
        properties[:] = [entry for entry in properties if findings.is_own(entry)]
    findings.take(foreign)
    broke = has_failed(call, report) and _broke(item, call)
    outcome = _outcome(call, report, broke=broke)
    if outcome is not None:
        for item_id in findings.known(verified(item)):
            if outcome is Outcome.NOT_RUN and item_id == _IMPLIED and findings.accepts_skip():
                continue
            # A test's own findings are more precise than that it passed; that it broke is reported all the same.
            if outcome is not Outcome.PASS or item_id not in findings.items:
                findings.add(_own(item, item_id, outcome, call, broke=broke))
    if report.when == "call" or not report.passed:
        findings.failure()  # so that the test's end does not report again what this phase did
    return findings.properties(partial(evidence_of, item))


def categorise(report: pytest.TestReport, findings: Findings) -> None:
    """Note on a report that passed what its failed findings were; pytest-xdist carries it to the controller."""
    if report.when != "setup" and report.passed and findings.category:
        setattr(report, CATEGORY, findings.category)


def check_markers(item: pytest.Item, findings: Findings) -> None:
    """Raise `FindingError` for a ``verifies`` marker that names no item of the checklist, or no level there is."""
    for item_id in verified(item):
        findings.require(item_id)
    for mark in item.iter_markers("verifies"):
        if mark.kwargs.keys() - {"level"} or mark.kwargs.get("level", Level.MUST) not in list(Level):
            raise FindingError(
                f"{item.nodeid}: @pytest.mark.verifies takes ids of items, and level='must' or level='should', "
                f"not {', '.join(f'{name}={value!r}' for name, value in mark.kwargs.items())}."
            )


def show_plainly(call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Show an error that the harness raised on purpose as its sentence: its traceback is about the harness."""
    if report.failed and call.excinfo is not None and isinstance(call.excinfo.value, HarnessError):
        report.longrepr = str(call.excinfo.value)


def redact_report(report: pytest.TestReport, redact: Callable[[str], str]) -> None:
    """Take known secrets, and what pytest-xdist cannot send, out of a report's traceback, output and properties."""

    def clean(text: str) -> str:
        return redact(encodable(text))

    clean_texts(report, clean)
    report.user_properties = [(clean(name), _clean_value(value, clean)) for name, value in report.user_properties]
    report.keywords = {clean(name): value for name, value in report.keywords.items()}
    if hasattr(report, "wasxfail"):
        report.wasxfail = clean(str(report.wasxfail))


def _clean_value(value: object, clean: Callable[[str], str]) -> object:
    """Return a property's value: where it is, or holds, what has to go, it is a text from then on."""
    return value if (cleaned := clean(text := str(value))) == text else cleaned


def clean_texts(report: pytest.TestReport | pytest.CollectReport, clean: Callable[[str], str]) -> None:
    """Put the texts of a report through ``clean``."""
    if isinstance(report.longrepr, tuple):
        file, line, reason = report.longrepr
        report.longrepr = (clean(file), line, clean(reason))
    elif report.longrepr is not None and (cleaned := clean(text := str(report.longrepr))) != text:
        report.longrepr = cleaned
    report.sections = [(encodable(name), clean(text)) for name, text in report.sections]


def _broke(item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
    """Whether a phase failed through a fault of the harness or of a plugin."""
    if call.excinfo is None:
        return False
    if isinstance(call.excinfo.value, FindingsFailed) or _could_not_check(call.excinfo.value):
        return False
    return is_fault_of_ours(item, call)


def _outcome(call: pytest.CallInfo[None], report: pytest.TestReport, *, broke: bool) -> Outcome | None:
    """Return what a phase means for the items, None for a set-up or tear-down that went well."""
    if hasattr(report, "wasxfail"):
        # An expected failure is a failure: an accepted gap is a waiver with owner and date.
        return Outcome.PASS if report.passed else Outcome.FAIL
    if call.excinfo is not None and isinstance(call.excinfo.value, FindingsFailed):
        return Outcome.PASS if report.when == "call" else None
    if report.skipped:
        absent = call.excinfo is not None and isinstance(call.excinfo.value, DeclaredAbsent)
        return Outcome.NOT_APPLICABLE if absent else Outcome.NOT_RUN
    if not has_failed(call, report):
        return Outcome.PASS if report.when == "call" else None
    if broke or report.when != "call" or (call.excinfo is not None and _could_not_check(call.excinfo.value)):
        return Outcome.ERROR
    return Outcome.FAIL


def has_failed(call: pytest.CallInfo[None], report: pytest.TestReport) -> bool:
    """Whether a phase failed, also where a plugin or a conftest has changed its report since."""
    return report.failed or (report.passed and call.excinfo is not None)


def broke_by_itself(call: pytest.CallInfo[None], report: pytest.TestReport) -> bool:
    """Whether a phase failed otherwise than by its findings, which are in the report of the run anyway."""
    return has_failed(call, report) and not (call.excinfo and isinstance(call.excinfo.value, FindingsFailed))


def _could_not_check(exception: BaseException) -> bool:
    """Whether the exception means that nothing was observed, rather than that something was wrong."""
    httpx = sys.modules.get("httpx")
    transport = httpx.TransportError if httpx else ()
    return isinstance(exception, (HarnessError, transport))


def _own(
    item: pytest.Item,
    item_id: str,
    outcome: Outcome,
    call: pytest.CallInfo[None],
    *,
    broke: bool,
) -> Finding:
    name = item.name
    doc = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip().splitlines()
    observed = ""
    if call.excinfo is not None and isinstance(call.excinfo.value, Skipped):
        observed = str(call.excinfo.value.msg)
    elif call.excinfo is not None:
        plain = isinstance(call.excinfo.value, HarnessError)
        observed = str(call.excinfo.value) if plain else call.excinfo.exconly(tryshort=True)
    if broke:
        observed = f"{WORDS}: {observed}"
    summary = f"{name}: {cut(observed.splitlines()[0], 200)}" if observed else f"{name} passed"
    return Finding(
        item=item_id,
        outcome=outcome,
        summary=summary,
        expected=doc[0] if doc else "",
        observed=observed,
        fix=FIX if broke else "",
        cause=type(call.excinfo.value).__name__ if call.excinfo is not None else "",
        level=_level(item, item_id) if outcome is Outcome.NOT_RUN else Level.MUST,
    )


def _level(item: pytest.Item, item_id: str) -> Level:
    """Return the level that the marker gives: what only should hold does not leave its item unknown."""
    levels = [mark.kwargs["level"] for mark in item.iter_markers("verifies") if item_id in mark.args and mark.kwargs]
    return Level(levels[0]) if levels else Level.MUST
