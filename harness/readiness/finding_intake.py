"""What the controller of a run has taken in: each finding once, and a problem for each that was refused."""

from __future__ import annotations

from collections.abc import Container, Iterable

import msgspec

from harness.core.encodable import encodable, json_bytes
from harness.errors import FindingError
from harness.model import Finding, Outcome, Problem
from harness.readiness.admission import Admission

FINDING = "harness.finding"
"""Name of the property of a test that carries a finding as JSON."""
PROBLEM = "harness.problem"
"""Name of the property that carries, as the JSON of a `Problem`, why a finding of the test was refused."""


class FindingIntake:
    """Gathers findings on their way from tests and hooks into the report."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._findings: dict[tuple[str, str], Finding] = {}
        self._problems: dict[tuple[str, str], Problem] = {}

    @property
    def findings(self) -> list[Finding]:
        """What was admitted, in the order in which it came."""
        return list(self._findings.values())

    @property
    def problems(self) -> list[Problem]:
        """Why what was refused was refused."""
        return list(self._problems.values())

    def problems_outside(self, tests: Container[str]) -> list[Problem]:
        """Return the problems that did not arise in one of ``tests``, such as those of hooks."""
        return [problem for (where, _), problem in self._problems.items() if where not in tests]

    def take_properties(self, test: str, properties: Iterable[tuple[str, object]]) -> list[Finding]:
        """Take the findings off a test's report, and return them; later phases carry those of earlier ones too.

        None is ever dropped: a test that is run again until it passes has still failed.
        """
        found, test = [], encodable(test)
        for name, text in properties:
            try:
                if name == FINDING:
                    finding = msgspec.structs.replace(self._admission.admit_json(text, test), test=test)
                    self._findings[test, finding.to_json()] = finding
                    found.append(finding)
                elif name == PROBLEM:
                    self._problems[test, str(text)] = _problem(str(text), test)
            except FindingError as exc:
                self.refuse(exc, test)
        return found

    def take(self, given: object, where: str) -> None:
        """Take one finding from the hook or plugin that ``where`` names."""
        try:
            finding = self._admission.admit(given, where)
        except FindingError as exc:
            self.refuse(exc, where)
        else:
            self._findings[f"{where} {len(self._findings)}", finding.to_json()] = finding

    def refuse(self, error: FindingError, where: str) -> None:
        """Report why something could not be taken in; it prevents READY."""
        problem = problem_of(error)
        self._problems[where, problem.text] = msgspec.structs.replace(
            problem, text=self._admission.redact(problem.text)
        )


def problem_of(error: FindingError) -> Problem:
    """Return the problem that reports a refused finding."""
    return Problem(outcome=Outcome.FAIL if error.failed else Outcome.ERROR, text=str(error))


def problem_property(error: FindingError) -> tuple[str, object]:
    """Return what carries the same to the controller, as a property of a test."""
    return PROBLEM, json_bytes(problem_of(error)).decode()


def _problem(text: str, test: str) -> Problem:
    """Read a problem that a test's process sent; raises `FindingError` for anything that would not stop READY."""
    try:
        problem = msgspec.json.decode(text, type=Problem)
    except (msgspec.MsgspecError, UnicodeError) as exc:
        raise FindingError(f"{test}: its property {PROBLEM} is not the JSON of a problem: {exc}.") from None
    if problem.outcome not in (Outcome.FAIL, Outcome.ERROR):
        raise FindingError(
            f"{test}: its property {PROBLEM} has the outcome {problem.outcome!r}; a problem is 'fail' or 'error'."
        )
    return problem
