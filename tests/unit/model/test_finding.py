"""A finding's headline: the sentence of its check, and what was observed if that is short."""

from __future__ import annotations

from typing import Any

import pytest

from harness.model import Finding, Outcome
from harness.reports.text import evidence

ACCEPTED = "Accepted a signature cut by four characters"


def finding(**fields: Any) -> Finding:
    seen = {"item": "webhooks.signatures", "outcome": Outcome.FAIL, "summary": ACCEPTED, "observed": "HTTP 200"}
    return Finding(**{**seen, "expected": "4xx", **fields})


def test_a_short_failure_is_one_line() -> None:
    """The headline contains what was observed and expected, and ends with the finding's id if it has one."""
    assert finding().headline == f"{ACCEPTED}: HTTP 200, expected 4xx"

    named = finding().named("subject", "check", "cause")

    assert named.headline == f"{ACCEPTED}: HTTP 200, expected 4xx ({named.id})"


@pytest.mark.parametrize(
    "body", ['\'{"received": "evt_1"}\'', '"it\'s done"', "'" + "x" * 200 + "'"], ids=["JSON", "text", "long"]
)
def test_of_a_response_the_headline_has_the_status(body: str) -> None:
    """The body, which differs in every run, is in the evidence and not in the headline."""
    seen = finding(observed=f"HTTP 200 {body}")

    assert seen.headline == f"{ACCEPTED}: HTTP 200, expected 4xx"
    assert dict(evidence(seen))["observed"] == f"HTTP 200 {body}"
    assert "observed" not in dict(evidence(finding()))


@pytest.mark.parametrize(
    "fields",
    [
        {"observed": "HTTP 200\nand a second line"},
        {"observed": "x" * 61},
        {"expected": "x" * 61},
        {"expected": ""},
        {"observed": ""},
        {"observed": ACCEPTED},
        {"outcome": Outcome.PASS},
        {"outcome": Outcome.ERROR},
    ],
    ids=["lines", "long", "much expected", "nothing expected", "nothing seen", "seen in the summary", "pass", "error"],
)
def test_any_other_headline_is_the_sentence_alone(fields: dict[str, Any]) -> None:
    """Long, missing or repeated text does not lengthen the line that a person reads first."""
    assert finding(**fields).headline == ACCEPTED
