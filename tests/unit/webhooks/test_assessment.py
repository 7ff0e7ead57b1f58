"""How a result is worded where the sentence of its row does not say what happened."""

from __future__ import annotations

import pytest

from harness.model import Outcome
from harness.webhooks.assessment import ACCEPTED, stopped, with_fixtures
from harness.webhooks.cases import case_named


@pytest.mark.parametrize(
    "case_id, summary",
    [
        ("handshake-slack", "Answered Slack's url_verification correctly, then stopped responding"),
        ("told-signature", "Refused a signature of zeros without revealing the right one, then stopped responding"),
        ("raw-indented", "Accepted signed JSON with indentation, then stopped responding"),
        ("body-null", ""),
        ("large-signed", ""),
    ],
)
def test_a_receiver_that_stops_after_the_right_response_is_not_blamed_for_that_response(
    case_id: str, summary: str
) -> None:
    """Only the rows about surviving a delivery cover it with their own sentence."""
    case = case_named(case_id)

    assert case is not None
    assert stopped(case, "HTTP 200, then dead") == (Outcome.FAIL, "HTTP 200, then dead", summary)


@pytest.mark.parametrize(
    "outcome, observed",
    [
        (Outcome.FAIL, "HTTP 200 (event fixture slow/paid.json, webhooks/paid.json)"),
        (Outcome.ERROR, "HTTP 200 (event fixture slow/paid.json, webhooks/paid.json)"),
        (Outcome.PASS, "HTTP 200"),
        (Outcome.NOT_APPLICABLE, "HTTP 200"),
    ],
)
def test_what_is_wrong_names_the_fixtures_that_were_delivered(outcome: Outcome, observed: str) -> None:
    """The file is where a reader looks first; what is right needs none."""
    finding = ACCEPTED.finding(outcome, "HTTP 200")

    assert with_fixtures(finding, "slow/paid.json", "", "webhooks/paid.json").observed == observed
    assert with_fixtures(finding, "") == finding
