"""How a result is worded where the sentence of its row does not say what happened."""

from __future__ import annotations

import pytest

from harness.model import Outcome
from harness.webhooks.fixture_checks import ACCEPTED, with_fixtures


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
