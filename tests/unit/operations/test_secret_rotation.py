"""Rotation records: in time, overdue, from the future, or missing."""

from __future__ import annotations

import datetime as dt

import pytest

from harness.model import Outcome, SecretRef
from harness.model.config import Duration, Rotation
from harness.operations.secret_rotation import judge_records

KEY = SecretRef("env:PRODUCT_API_KEY")
TODAY = dt.date(2026, 11, 25)


@pytest.mark.parametrize(
    "age, outcome, said",
    [
        (0, Outcome.PASS, "Rotated the secret within its limit (env:PRODUCT_API_KEY)"),
        (90, Outcome.PASS, "Rotated the secret within its limit (env:PRODUCT_API_KEY)"),
        (91, Outcome.FAIL, "Did not rotate the secret within its limit (env:PRODUCT_API_KEY)"),
        (-1, Outcome.FAIL, "env:PRODUCT_API_KEY is recorded as rotated in the future"),
    ],
)
def test_a_record_is_held_against_its_limit(age: int, outcome: Outcome, said: str) -> None:
    """A secret may be used until the last day of its limit, and cannot have been replaced tomorrow."""
    record = Rotation(ref=KEY, rotated_at=TODAY - dt.timedelta(days=age), max_age=Duration.parse("90d"))

    (finding,) = judge_records([record], [KEY], today=TODAY)

    assert (finding.outcome, finding.summary) == (outcome, said)
    assert f"{age} days ago; it may be used for 90 days" in finding.observed


def test_a_secret_without_a_record_is_not_known_to_be_rotated() -> None:
    """It is `not_run`, with the line to add."""
    (finding,) = judge_records([], [KEY, KEY], today=TODAY)

    assert finding.outcome is Outcome.NOT_RUN
    assert finding.summary == "env:PRODUCT_API_KEY has no rotation record"
    added = 'add to [operations]: secrets = [{ ref = "env:PRODUCT_API_KEY", rotated_at = 2026-11-25 }]'
    assert finding.observed == added


def test_a_secret_of_this_run_needs_no_record() -> None:
    """What is made anew in every run is as fresh as can be."""
    (finding,) = judge_records([], [SecretRef("fresh:KEY")], today=TODAY)

    assert (finding.outcome, finding.observed) == (Outcome.PASS, "made for this run")
