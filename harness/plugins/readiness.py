"""From all findings of a session to one verdict: collected by the controller, reported once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugins.completeness import Selection, narrowings
from harness.plugins.stash import (
    context_key,
    coverage_key,
    deaths_key,
    is_worker,
    late_key,
    only_key,
    order_key,
    provider_counts,
    runs_suite,
    signals_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.context.run_context import RunContext
    from harness.model import Outcome, Problem, Report
    from harness.reports.terminal import Line

COLLECTOR = "harness-collector"


@pytest.hookimpl(trylast=True)  # after the core plugin has read harness.toml
def pytest_configure(config: pytest.Config) -> None:
    """Register the collector on the controller, where a target is described."""
    run_context = config.stash.get(context_key, None)
    if run_context is None:
        return
    if is_worker(config):
        config.pluginmanager.register(_WorkerSelection(), COLLECTOR)
        return
    from harness.errors import HarnessError

    try:
        run_context.check_waivers()
    except HarnessError as exc:
        raise pytest.UsageError(str(exc)) from None
    config.pluginmanager.register(FindingCollector(config, run_context), COLLECTOR)


class _WorkerSelection(Selection):
    """On a worker: sends the controller what was left out."""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected, which the controller reports."""
        self.note_collection(report)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        super().pytest_collection_finish(session)
        self.give(session.config)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Add what came late."""
        self.give(session.config)


class FindingCollector(Selection):
    """On the controller: gathers findings and problems, and makes the report of them."""

    def __init__(self, config: pytest.Config, run_context: RunContext) -> None:
        from harness.process.run_clock import RunClock
        from harness.readiness.finding_intake import FindingIntake

        super().__init__()
        self._config = config
        self._context = run_context
        self._process = os.getpid()
        self._clock = RunClock()
        self._intake = FindingIntake(run_context.admission)
        self._problems: list[Problem] = []
        self._finished: set[str] = set()
        self._failed: set[str] = set()
        self._interrupted = False
        self._broke = False
        self._report: Report | None = None
        self._written: Path | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the findings off a report; later phases of a test carry those of the earlier ones too.

        None is ever dropped: a test that is run again until it passes has still failed.
        """
        from harness.model import Outcome

        self.note_skip(report)
        found = self._intake.take_properties(report.nodeid, report.user_properties)
        explained = any(f.outcome in (Outcome.FAIL, Outcome.ERROR) for f in found)
        if report.when == "teardown":
            self._finished.add(report.nodeid)
        if report.failed:
            self._failed.add(report.nodeid)
        if report.failed and not explained:
            crashed = report.when not in ("setup", "call", "teardown")  # pytest-xdist's report of a worker's crash
            outcome = Outcome.ERROR if crashed else Outcome.FAIL
            what = "did not finish: its worker crashed" if crashed else "failed and verifies no checklist item"
            self._problem(outcome, f"{report.nodeid} {what}.")
        if (hidden := self.hidden_failure(report)) and not explained and report.nodeid not in self._failed:
            self._problem(Outcome.FAIL, hidden)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected: its checks are missing from the verdict."""
        self.note_collection(report)
        if report.failed:
            self._error(f"{report.nodeid or 'The collection'} could not be collected.")
        elif report.skipped and not self.note_declared(report, self._config):
            self._error(f"{report.nodeid} was skipped as a whole, before its tests were collected.")

    def pytest_keyboard_interrupt(self) -> None:
        """Note an interrupted run, also one that a test ended with pytest.exit and a status of its choice."""
        self._interrupted = True

    def pytest_internalerror(self) -> None:
        """Note that pytest or a plugin broke, also on a worker: pytest-xdist may go on and end with status 0."""
        self._broke = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Note a worker that died, and what the others left out; every worker deselects the same."""
        if error:
            self._error(f"Worker {node.gateway.id} died: {error}.")
        self.take(self._config, node)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge, write, and, for a gate, set the exit status."""
        if os.getpid() != self._process:
            return  # a test has forked, and the child runs the rest of its session too
        gate = self._config.getoption("--harness-gate")
        if self._broke and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = exitstatus = pytest.ExitCode.INTERNAL_ERROR
        if exitstatus == pytest.ExitCode.USAGE_ERROR or session.config.option.collectonly:
            if gate:  # nothing was run, so there is nothing to report
                session.exitstatus = self._gate_status(int(exitstatus))
            return
        self._note_broken_run(session, int(exitstatus))
        if order_key in self._config.stash:
            self._write_part(int(exitstatus))
            return
        if self._intake.findings or self._intake.problems or gate:
            from harness.plugins.final_findings import take_final_findings

            take_final_findings(self._config, self._context, self._intake)
        if gate or (runs_suite(self._config) and (self._intake.findings or self._intake.problems)):
            self._write(self._judged())
        if gate:
            session.exitstatus = self._gate_status(int(exitstatus))

    def _write_part(self, status: int) -> None:
        from harness.plugins.gate_part import seen_by, write_part

        write_part(
            self._config,
            status,
            findings=tuple(self._intake.findings),
            problems=(*self._problems, *self._intake.problems),
            skipped=tuple(self.skipped),
            left_out=self.left_out,
            **seen_by(self._config),
        )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the gate's verdict and blockers; in plain pytest only what this run touched."""
        if order_key in self._config.stash:
            return  # the gate prints the verdict of all its parts
        if not self._config.getoption("--harness-gate"):
            shown = list(self._plain_lines())
        elif self._report is not None:
            from harness.reports import terminal

            shown = list(
                terminal.lines(self._report, written=str(self._written or ""), verbosity=self._config.get_verbosity())
            )
        else:
            return
        if shown:
            terminalreporter.write_sep("=", "readiness")
        for line, style in shown:
            terminalreporter.write_line(line, **{style: True} if style else {})

    def _plain_lines(self) -> Iterator[Line]:
        # What went wrong in a test is in pytest's own report of it.
        problems = self._deaths + self._intake.problems_outside(self._failed)
        if not (self._intake.findings or problems):
            return
        from harness.context.judgement import seen_in_plain_run

        yield from seen_in_plain_run(
            self._context,
            findings=self._intake.findings,
            problems=problems,
            provider_counts=provider_counts(self._config),
            verbosity=self._config.get_verbosity(),
            written=str(self._written or ""),
        )

    @property
    def _deaths(self) -> list[Problem]:
        from harness.model import Outcome, Problem

        redact = self._context.vault.redact
        deaths = self._config.stash.get(deaths_key, [])
        return [Problem(outcome=Outcome.ERROR, text=redact(death)) for death in deaths]

    def _note_broken_run(self, session: pytest.Session, exitstatus: int) -> None:
        from harness.model import Outcome
        from harness.model.part import deselected

        self._problems += self._deaths
        if self._interrupted or exitstatus == pytest.ExitCode.INTERRUPTED:
            self._error("The run was interrupted.")
        elif exitstatus not in (
            pytest.ExitCode.OK,
            pytest.ExitCode.TESTS_FAILED,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            self._error(f"pytest ended with exit status {exitstatus}.")
        if session.shouldfail or session.shouldstop:
            self._error(f"The run ended early: {session.shouldfail or session.shouldstop}.")
        if unfinished := session.testscollected - len(self._finished):
            self._error(f"{unfinished} of {session.testscollected} tests did not finish.")
        for failed, text in self._config.stash.get(late_key, []):
            self._problem(Outcome.FAIL if failed else Outcome.ERROR, text)
        if self.left_out and only_key not in self._config.stash:
            self._error(f"{deselected(self.left_out)}; only a complete run can be READY.")
        if self._config.getoption("--harness-gate"):
            self._note_narrowings()

    def _note_narrowings(self) -> None:
        target, order = self._context.target, self._config.stash.get(order_key, None)
        if order is not None and order.isolated:
            return  # the gate itself gave it all its arguments
        for text in narrowings(self._config, [target.root / s for s in target.config.target.scenarios]):
            self._error(text)
        if order is None:
            self._error(
                "pytest --harness-gate runs the shipped checks beside your conftests and plugins, which can change "
                "what they find; only harness gate can be READY."
            )

    def _judged(self) -> Report:
        from harness.context.judgement import judged

        return judged(
            self._context,
            self._clock,
            findings=self._intake.findings,
            problems=[*self._problems, *self._intake.problems],
            skipped=self.skipped if self._config.getoption("--harness-gate") else None,
            coverage=self._config.stash.get(coverage_key, None),
            signals=self._config.stash.get(signals_key, None),
            provider_counts=provider_counts(self._config),
        )

    def _write(self, report: Report) -> None:
        """Write every format, and let plugins have the report."""
        from harness.context.judgement import published
        from harness.errors import HarnessError

        try:
            self._report = published(self._context, report)
        except HarnessError as exc:
            pytest.exit(f"ERROR: {exc}", returncode=1)
        self._written = self._context.reports / "readiness.html"
        self._config.hook.pytest_harness_report(config=self._config, report=self._report)

    def _gate_status(self, exitstatus: int) -> int:
        """0 only for READY; 4 and 3 stay pytest's statuses for usage and internal errors."""
        from harness.model import Verdict

        if exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
            return exitstatus
        ready = self._report is not None and self._report.verdict is Verdict.READY
        finished = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        return 0 if ready and finished else 1

    def _error(self, text: str) -> None:
        from harness.model.finding import Outcome

        self._problem(Outcome.ERROR, text)

    def _problem(self, outcome: Outcome, text: str) -> None:
        from harness.model import Problem

        self._problems.append(Problem(outcome=outcome, text=self._context.vault.redact(text)))
