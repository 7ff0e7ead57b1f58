"""From the parts of a gate to its report."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from harness.context.judgement import judged, published
from harness.context.part_order import FOLDER, REPORT, Phase, stamp_of
from harness.context.whole_run import JUDGES, WholeRun
from harness.core.files import PRIVATE, write_atomically
from harness.errors import FindingError, HarnessError
from harness.model import Outcome, Problem, Report
from harness.model.part import Part
from harness.process.run_clock import RunClock
from harness.readiness.finding_intake import FindingIntake
from harness.readiness.joining import Joined, join

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model.spec_coverage import Coverage


class GateVerdict:
    """Gathers what happens in a gate, joins its parts, and judges."""

    def __init__(self, context: RunContext, *, only: tuple[str, ...], skip: tuple[str, ...] = ()) -> None:
        self._context = context
        self._only, self._skip = only, skip
        self._clock = RunClock()
        self._intake = FindingIntake(context.admission)
        self._problems: list[Problem] = []
        self._expected: list[str] = []
        self.interrupted = False
        """Whether the run is to end before its time."""

    def look_at_clock(self) -> None:
        """Notice whether the clock of the machine jumped since the last look."""
        self._clock.look()

    def expect(self, name: str) -> None:
        """Expect a part of this name; without it, nothing is READY."""
        self._expected.append(name)

    def note(self, *texts: str) -> None:
        """Note what went wrong with the run itself; it prevents READY."""
        redact = self._context.vault.redact
        self._problems += [Problem(outcome=Outcome.ERROR, text=redact(text)) for text in texts]

    def team_has(self, phase: Phase) -> bool:
        """Whether a conftest or plugin of the team implements the hook of this phase; it left word of that."""
        return str(phase) in self._hooks

    @cached_property
    def _hooks(self) -> tuple[str, ...]:
        file = self._context.run.path / FOLDER / f"{Phase.READY}.json"
        return msgspec.json.decode(file.read_bytes(), type=Part).hooks if file.is_file() else ()

    def report(self, *, final: Callable[[], int]) -> Report:
        """Join and judge what was found, and write the report; ``final`` calls the team's hook.

        Raises `HarnessError` where the report cannot be written.
        """
        context = self._context
        context.secrets.learn_issued()
        joined = self._joined(self._expected)
        coverage = self._coverage(joined)
        self._judge_whole(joined, coverage)
        if self.team_has(Phase.FINAL) and not self.interrupted:
            final()
            self._joined([str(Phase.FINAL)])
        if self.interrupted:
            self.note("The run was interrupted.")
        if self._only:
            self.note(f"Only the checks of {', '.join(self._only)} ran; only a complete run can be READY.")
        if self._skip:
            self.note(f"The checks of {', '.join(self._skip)} did not run (--skip); only a complete run can be READY.")
        report = judged(
            context,
            self._clock,
            findings=self._intake.findings,
            problems=[*self._problems, *self._intake.problems],
            skipped=joined.skipped,
            coverage=coverage,
            signals=joined.signals,
            provider_counts=context.target.provider_counts,
        )
        report = published(context, report)
        if self.team_has(Phase.REPORT):
            write_atomically(context.run.path / REPORT, msgspec.json.encode(report), mode=PRIVATE)
        return report

    def _joined(self, expected: list[str]) -> Joined:
        """Join the parts that were written, and take in their findings and problems."""
        folder = self._context.run.path / FOLDER
        written = [(f.name, f.read_bytes()) for f in sorted(folder.glob("*.json")) if f.stem in expected]
        joined = join(written, expected, stamp_of(self._context.run, self._context.target.summary.config_digest))
        for finding in joined.findings:
            self._intake.take(finding, finding.test or "a part of the gate")
        self._problems += joined.problems
        return joined

    def _coverage(self, joined: Joined) -> Coverage | None:
        if not joined.coverage:
            return None
        from harness.contract.coverage import joined as joined_coverage

        return joined_coverage(self._context.spec, joined.coverage)

    def _judge_whole(self, joined: Joined, coverage: Coverage | None) -> None:
        """Judge what only the whole run shows; what breaks hides nothing of the rest."""
        whole = WholeRun(live=True, suite=True, left_out=joined.left_out, coverage=coverage, claims=joined.claims)
        for judge in JUDGES:
            where = judge.__name__
            try:
                found = judge(self._context, whole)
            except Exception as exc:  # noqa: BLE001 - one that breaks must not leave the gate without a verdict
                text = str(exc) if isinstance(exc, HarnessError) else f"{type(exc).__name__}: {exc}"
                self._intake.refuse(FindingError(f"{where} raised an error: {text}"), where)
                continue
            for finding in found:
                self._intake.take(finding, where)
