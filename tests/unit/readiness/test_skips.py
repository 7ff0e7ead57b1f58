"""Skipped scenarios are accepted where harness.toml declares them, and for as long as it does."""

from __future__ import annotations

import datetime as dt

import pytest

from harness.model import DeclaredSkip, Outcome, SkippedTest
from harness.readiness.skips import accepted, matches, problems

TODAY = dt.date(2026, 11, 28)
REFUNDS = "scenarios/test_refunds.py::test_refund[a-live]"
SKIPPED = [SkippedTest(test=REFUNDS, reason="no refunds")]


def declared(test: str, expires: dt.date = TODAY) -> DeclaredSkip:
    """Return an entry of ``[target] skips``."""
    return DeclaredSkip(test=test, reason="later", expires=expires)


@pytest.mark.parametrize(
    "glob, test, right",
    [
        (REFUNDS, REFUNDS, True),
        ("scenarios/test_refunds.py::*", REFUNDS, True),
        ("*::test_refund[?-live]", REFUNDS, True),
        ("scenarios/test_refunds.py", REFUNDS, False),
        ("*::test_refund[ab-live]", REFUNDS, False),
        ("scenarios/test_refunds.py::*", "scenarios/test_refunds.py", True),
        ("scenarios/test_refund*", "scenarios/test_refunds.py", True),
    ],
)
def test_a_glob_of_node_ids(glob: str, test: str, *, right: bool) -> None:
    """Only * and ? are special; a file that was skipped as a whole is matched by the globs of its tests."""
    assert matches(glob, test) is right


def test_a_declared_skip_is_accepted_with_its_declaration() -> None:
    """It is no problem, and the report has the declaration beside it."""
    skips = [declared("*::test_refund[*")]
    tests = accepted(SKIPPED * 2, skips, TODAY)

    assert [test.declared for test in tests] == skips
    assert list(problems(tests, skips, TODAY, complete=True)) == []


def test_an_undeclared_skip_is_an_error_with_its_reason() -> None:
    """What was not seen is not known."""
    [problem] = problems(accepted(SKIPPED, [], TODAY), [], TODAY, complete=True)

    assert problem.outcome is Outcome.ERROR
    assert "1 scenario was skipped, or failed as expected, without a declaration." in problem.text
    assert f"{REFUNDS}: no refunds" in problem.text


def test_a_declaration_that_has_expired_is_a_failure() -> None:
    """It accepts nothing any more, and must be renewed or deleted."""
    skips = [declared("*", dt.date(2026, 11, 27))]
    found = list(problems(accepted(SKIPPED, skips, TODAY), skips, TODAY, complete=True))

    assert [problem.outcome for problem in found] == [Outcome.ERROR, Outcome.FAIL]
    assert "The entry '*' of [target] skips expired on 2026-11-27." in found[1].text


@pytest.mark.parametrize("complete", [True, False])
def test_a_declaration_that_matches_nothing_is_a_failure_of_a_complete_run(*, complete: bool) -> None:
    """In a run that left tests out, it may match one of these."""
    found = list(problems([], [declared("*::test_gone")], TODAY, complete=complete))

    assert [p.text.partition(".")[0] for p in found] == [
        "The entry '*::test_gone' of [target] skips accepts nothing: no test that it matches was skipped"
    ] * complete


def test_many_skips_are_listed_in_part() -> None:
    """The problem stays readable; the report has all of them."""
    tests = accepted([SkippedTest(test=f"t::{n:03}", reason="") for n in range(50)], [], TODAY)
    [problem] = problems(tests, [], TODAY, complete=True)

    assert "t::000: no reason given" in problem.text
    assert problem.text.endswith("and 30 more")
