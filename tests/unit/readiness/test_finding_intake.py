"""Findings on their way from tests and hooks into the report."""

from __future__ import annotations

import msgspec
import pytest

from harness.errors import FindingError
from harness.model import Finding, Mode, Outcome, Problem
from harness.readiness.admission import Admission
from harness.readiness.checklist import shipped
from harness.readiness.finding_intake import FINDING, PROBLEM, FindingIntake

TEST = "test_x.py::test_x"
LATE = Finding(item="webhooks.ack", outcome=Outcome.FAIL, summary="late", mode=Mode.RECORDED)


@pytest.fixture
def intake() -> FindingIntake:
    return FindingIntake(Admission(shipped(), lambda text: text.replace("s3cret", "[REDACTED]")))


def test_what_several_phases_carry_counts_once(intake: FindingIntake) -> None:
    """The report of a later phase repeats the findings of the earlier ones."""
    for _ in range(3):
        intake.take_properties(TEST, [(FINDING, LATE.to_json()), ("other", 1)])

    assert [(f.summary, f.test) for f in intake.findings] == [("late", TEST)]
    assert intake.problems == []


def test_a_rerun_that_passes_drops_no_failure(intake: FindingIntake) -> None:
    """What one attempt of a test saw stays, whatever the next one sees."""
    intake.take_properties(TEST, [(FINDING, LATE.to_json())])
    intake.take_properties(TEST, [(FINDING, msgspec.structs.replace(LATE, outcome=Outcome.PASS).to_json())])

    assert [f.outcome for f in intake.findings] == [Outcome.FAIL, Outcome.PASS]


def test_a_hook_may_find_the_same_twice(intake: FindingIntake) -> None:
    """Findings from a hook are told as often as they are made."""
    intake.take(LATE, "a hook")
    intake.take(LATE, "a hook")

    assert len(intake.findings) == 2


@pytest.mark.parametrize(
    "text", ["garbage", '{"outcome": "pass", "text": "x"}', '{"outcome": "waived", "text": "x"}', "{}", "[1]"]
)
def test_a_forged_problem_is_a_problem(intake: FindingIntake, text: str) -> None:
    """Nothing but a failure or an error can travel as one: a problem that passes would prove something."""
    intake.take_properties(TEST, [(PROBLEM, text)])

    (problem,) = intake.problems
    assert problem.outcome is Outcome.ERROR
    assert problem.text.startswith(f"{TEST}: its property harness.problem ")


def test_a_refused_failure_stays_a_failure(intake: FindingIntake) -> None:
    """A failed finding of an unknown item remains a failure, not merely an error, and no secret is exposed."""
    intake.take(msgspec.structs.replace(LATE, item="webhooks.s3cret"), "a hook")
    intake.refuse(FindingError("a hook broke off: s3cret"), "a hook")

    assert [p.outcome for p in intake.problems] == [Outcome.FAIL, Outcome.ERROR]
    assert "s3cret" not in msgspec.json.encode(intake.problems).decode()


def test_a_problem_of_a_worker_is_taken_over(intake: FindingIntake) -> None:
    """What a worker refused is told by the controller."""
    problem = Problem(outcome=Outcome.FAIL, text="no checklist item is called 'x'")
    intake.take_properties(TEST, [(PROBLEM, msgspec.json.encode(problem).decode())])

    assert intake.problems == [problem]
