"""One gate: it owns the target's processes, and starts one pytest for the shipped checks and one for the scenarios."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from harness.context.gate_pytests import SCENARIOS, SUITE, GatePytests, RunningPytest
from harness.context.gate_request import GateRequest
from harness.context.gate_verdict import GateVerdict
from harness.context.part_order import Phase
from harness.context.preparation import prepare, prepare_started
from harness.context.run_context import RunContext
from harness.errors import ConfigurationError, HarnessError
from harness.model import Verdict
from harness.process.ending_signals import ending_signals
from harness.process.managed import how_it_ended
from harness.process.run import Run
from harness.process.supervisor import Supervisor

if TYPE_CHECKING:
    from harness.model import Report

USAGE_ERROR = 4
"""Status of a gate that could not run: harness.toml, the target's processes, or arguments for pytest."""
_TESTED = (0, 1, 5)
"""pytest's statuses of a run that came to its end: all passed, some failed, none was collected."""
_HELD = (0, 5)
_WATCH_S = 0.2
_HURRY_S = 2.5
"""Seconds for an end in good order where nobody waits for the verdict any more; then the guardian ends the rest."""
_STOPS = re.compile(r"-(?=[vq]*x)[vqx]+|--exitfirst|--maxfail.*")


def run_gate(request: GateRequest) -> tuple[int, Report | None]:
    """Run a gate to its end; return the exit status, 0 for READY alone, and the report where one was written.

    Raises `ConfigurationError` where the target cannot be tested at all, with no secret in its text, and
    KeyboardInterrupt where a signal ends the gate before the target is ready.
    """
    directory, run = Path(request.directory), Run.begin()
    try:
        reports = directory / request.reports
        context = RunContext.load(directory, run=run, overlay=request.overlay, reports=reports)
        try:
            return GateRun(request, context).run()
        except HarnessError as exc:
            raise ConfigurationError(context.vault.redact(str(exc))) from None
    finally:
        run.end()


class GateRun:
    """The run of one gate, in a process of its own."""

    def __init__(self, request: GateRequest, context: RunContext) -> None:
        self._request = request
        self._context = context
        self._verdict = GateVerdict(context, only=request.only, skip=request.skip)
        self._running: RunningPytest | None = None
        self._starting = True
        referred = {ref.name for _, ref in context.target.references if ref.kind == "env"}
        chooses = request.only or request.skip
        tested = context.checklist.tested(request.only, request.skip) if chooses else ()
        self._pytests = GatePytests(request, context.run, referred=referred.__contains__, only=tested)

    def run(self) -> tuple[int, Report | None]:
        """Run everything; see `run_gate`."""
        with self._interruptible():
            self._prepare()
            if not self._tested():
                return USAGE_ERROR, None
            report = self._verdict.report(final=lambda: self._hook(Phase.FINAL))
            broke = self._verdict.team_has(Phase.REPORT) and self._hook(Phase.REPORT) != 0
            return 0 if report.verdict is Verdict.READY and not broke else 1, report

    def _prepare(self) -> None:
        context = self._context
        context.check_waivers()
        prepare(context)

    def _tested(self) -> bool:
        """Run the parts against the running target; False where pytest could run none of them."""
        context = self._context
        ready = self._pytests.hooks(Phase.READY)  # it starts beside the target
        try:
            with context.running():
                prepare_started(context)
                ready.go()
                self._starting = False
                status = self._ended(ready)
                if status == USAGE_ERROR:
                    return False
                if status != 0:
                    self._verdict.note(f"The pytest that loads your conftest {how_it_ended(status)}.")
                    return True
                ran = self._supervised()
                self._verdict.note(*context.processes.deaths())
                return ran
        finally:
            ready.close()

    def _supervised(self) -> bool:
        processes = self._context.processes
        supervisor = Supervisor(list(processes), processes.state)
        try:
            with supervisor:
                return self._parts()
        finally:
            processes.restarts += supervisor.reports()

    def _parts(self) -> bool:
        status = self._part(SUITE, self._pytests.suite)
        if status == USAGE_ERROR:
            return False
        stops = any(_STOPS.fullmatch(argument) for argument in self._request.suite_arguments)
        if self._request.scenarios and not (stops and status not in _HELD):
            self._part(SCENARIOS, self._pytests.scenarios)
        return True

    def _part(self, name: str, start: Callable[[], RunningPytest]) -> int:
        self._verdict.expect(name)
        if self._verdict.interrupted:
            return 0
        status = self._ended(start())
        if status not in _TESTED and not self._verdict.interrupted:
            self._verdict.note(f"The pytest of the part {name!r} {how_it_ended(status)}.")
        return status

    def _hook(self, phase: Phase) -> int:
        return self._ended(self._pytests.hooks(phase))

    def _ended(self, running: RunningPytest) -> int:
        self._running = running
        if self._verdict.interrupted:  # just before it was known here
            running.interrupt()
        try:
            return running.wait()
        finally:
            self._running = None

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let a signal, or the end of the process that started this one, interrupt the run in good order."""
        previous = {number: signal.signal(number, self._interrupt) for number in ending_signals()}
        threading.Thread(
            target=_watch_parent, args=(self._request.parent, self._verdict), name="parent", daemon=True
        ).start()
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and not self._verdict.interrupted:
            threading.Thread(target=_hurry, name="hurry", daemon=True).start()
        self._verdict.interrupted = True
        if self._running is not None:
            self._running.interrupt()
        elif self._starting:
            self._starting = False
            raise KeyboardInterrupt


def _watch_parent(parent: int, verdict: GateVerdict) -> None:
    """Interrupt this process once its ``parent`` has ended, which may be before this process has begun."""
    ended = threading.Event()
    while os.getppid() == parent:
        ended.wait(_WATCH_S)
        verdict.look_at_clock()
    os.kill(os.getpid(), signal.SIGTERM)
    _hurry()


def _hurry() -> None:
    """Give this process a moment to end, then kill it: its guardian ends what it has started."""
    time.sleep(_HURRY_S)
    os.kill(os.getpid(), signal.SIGKILL)
