"""What several kinds of tests share."""

from __future__ import annotations

import datetime as dt
import os
import re
import tomllib
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from harness.model import Finding, Mode, Outcome, Problem, Report, TargetSummary, Verdict, Waiver
from harness.model.signals import FAULTS, FaultSignals, Signal, SignalMatrix
from harness.model.spec_coverage import Coverage, OperationCoverage, Source
from harness.readiness.checklist import shipped
from harness.readiness.evaluate import assemble

HOSTILE = (
    "</code></p><script>alert(1)</script>\"'><img src=x onerror=alert(2)> | `x` **b** & ]]> \x00\x1b[31m \u202e \u00e9"
)
"""Text that breaks out wherever a format forgets to escape it."""

LONGEST_ID = 32
"""Characters of one value in the id of a test."""
_UNFIT_FOR_AN_ID = re.compile(r"[^\w.,:/=+-]+", re.ASCII)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f]")
"""What compressed or encrypted bytes have and text does not; such bytes may differ from run to run."""

NOT_IN_THE_REPOSITORY = "not part of the repository"
"""In the reason of a skip: what a test needs cannot be installed, so that CI allows the skip."""

PROJECT = Path(__file__).parents[1] / "pyproject.toml"

ReportOf = Callable[[Verdict], Report]

pytest_plugins = ["pytester"]  # for tests/examples; pytest allows it in the topmost conftest alone


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name texts and bytes by their first words, so that the id of a test is short and can be typed."""
    if isinstance(val, bytes):
        val = val.decode("latin-1")
    if not isinstance(val, str):
        return None
    if _BINARY.search(val):
        return argname
    if val.isascii() and val.isprintable() and "\\" not in val and len(val) <= LONGEST_ID:
        return val
    return _UNFIT_FOR_AN_ID.sub("-", val)[:LONGEST_ID].strip("-") or argname


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With HARNESS_REQUIRE_REAL=1, as in CI, fail a test that is skipped: every part that it needs is installed."""
    report = yield
    if os.environ.get("HARNESS_REQUIRE_REAL") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        if NOT_IN_THE_REPOSITORY in reason:
            return report
        report.outcome = "failed"
        report.longrepr = f"{reason}; HARNESS_REQUIRE_REAL=1 allows no test to be skipped"
    return report


@pytest.fixture(scope="session", autouse=True)
def _out_of_sight_of_ci() -> Generator[None]:
    """Let what tests start print the same everywhere: where these variables are set, pytest shortens nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("CI", "BUILD_NUMBER"):
            patch.delenv(variable, raising=False)
        yield


def supported_pythons() -> list[str]:
    """Return the versions of Python that pyproject.toml names, such as ``3.11``, in its order."""
    classifiers = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["classifiers"]
    named = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", classifier) for classifier in classifiers)
    return [match[1] for match in named if match]


@pytest.fixture(scope="session")
def report_of() -> ReportOf:
    """Make a report of the shipped checklist that comes to the given verdict, hostile text in every free field."""
    return _report


def _report(verdict: Verdict) -> Report:
    checklist = shipped()
    waived, warned = "runbook.webhooks", "webhooks.burst"
    findings = [_finding(i.id, Outcome.PASS, i.evidence) for i in checklist if i.id not in (waived, warned)]
    findings += [_finding(waived, Outcome.FAIL), _finding(warned, Outcome.FAIL)]
    problems: tuple[Problem, ...] = ()
    if verdict is Verdict.NOT_READY:
        findings += [_finding("webhooks.signatures", Outcome.FAIL), _finding("webhooks.signatures", Outcome.FAIL)]
        findings += [_finding("auth.rejects", Outcome.ERROR), _finding("contract.fuzz", Outcome.NOT_APPLICABLE)]
        problems = (Problem(outcome=Outcome.FAIL, text=f"test_x failed {HOSTILE}"),)
    if verdict is Verdict.INCOMPLETE:
        unknown = ("webhooks.ack", "webhooks.robust", "observability.alerts")
        findings = [f for f in findings if f.item not in unknown]
    report = assemble(
        run_id="5eed0001",
        checklist=checklist,
        target=TargetSummary(
            name=f"Acme {HOSTILE}", environment="staging", config="harness.toml", config_digest="0" * 64
        ),
        findings=findings,
        problems=problems,
        waivers=[Waiver(item=waived, reason=HOSTILE, owner=f"team {HOSTILE}", expires=dt.date(2027, 1, 31))],
        missing={"webhooks.ack": ("[receiver] url",), "webhooks.robust": ("[receiver] url",)},
        declared={},
        started_at=dt.datetime(2026, 11, 24, 8, 0, 30, tzinfo=dt.UTC),
        duration_s=12.345,
        today=dt.date(2026, 11, 24),
        version="0.1.0",
        coverage=Coverage(
            operations=(
                OperationCoverage(
                    operation=f"GET /{HOSTILE}",
                    responses=("200", "503"),
                    parameters=("query limit",),
                    keywords=("/a/type",),
                    sources=(Source(name="scenarios", valid=2, statuses={"200": 2}, met=("/a/type",)),),
                ),
            )
        ),
        signals=_signals(),
    )
    assert report.verdict is verdict
    return report


def _signals() -> SignalMatrix:
    """A matrix with every kind of cell: shown, nothing, missing, not observed, not caused, and a blind row."""
    texts = (f"receiver.log: {HOSTILE} {'wide' * 50}", "second")
    shown = {Signal.LOG: texts, Signal.METRIC: ('n_total{outcome="rejected"} +1',), Signal.SPAN: ()}
    nothing: dict[Signal, tuple[str, ...]] = {Signal.LOG: (), Signal.METRIC: (), Signal.SPAN: ()}
    rows = [
        FaultSignals(fault="forged", shown=shown),
        FaultSignals(fault="stale", shown=shown, declared=(Signal.SPAN,)),
        FaultSignals(fault="duplicate", shown=nothing),
        FaultSignals(fault="poison", not_caused=f"harness.toml does not set {HOSTILE}"),
        FaultSignals(fault="slow", shown={Signal.SPAN: ()}),
    ]
    rows += [FaultSignals(fault=fault, shown=shown) for fault in list(FAULTS)[5:]]
    return SignalMatrix(rows=tuple(rows), unobserved={Signal.ALERT: f"no rules {HOSTILE}"})


def _finding(item: str, outcome: Outcome, mode: Mode | None = None) -> Finding:
    return Finding(
        item=item,
        outcome=outcome,
        summary=f"{outcome}: {HOSTILE}",
        expected=f"expected {HOSTILE}",
        observed=f"observed {HOSTILE}\n{'wide' * 200}",
        reproduce=f"harness gate -k {HOSTILE}",
        source=f"RFC {HOSTILE}",
        case="row",
        mode=mode or Mode.LIVE,
        test="tests/test_x.py::test_x",
    )
