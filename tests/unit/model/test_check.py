"""A check words its own pass and fail, and its findings name it."""

from __future__ import annotations

import pytest

from harness.model import Check, Outcome

TRUNCATED = Check(
    id="truncated",
    item="webhooks.signatures",
    summary="the first half of the right signature",
    passed="Refused a signature cut to its first half",
    failed="Accepted a signature cut to its first half",
    expected="HTTP 4xx",
    source="CVE-2024-21491",
    fix="Compare the whole signature.",
)


@pytest.mark.parametrize(
    "outcome, sentence",
    [
        (Outcome.PASS, "Refused a signature cut to its first half"),
        (Outcome.FAIL, "Accepted a signature cut to its first half"),
        (Outcome.ERROR, "The first half of the right signature: could not be judged"),
        (Outcome.NOT_RUN, "The first half of the right signature: not checked"),
        (Outcome.NOT_APPLICABLE, "The first half of the right signature: not applicable"),
    ],
)
def test_a_finding_begins_with_the_sentence_of_its_outcome(outcome: Outcome, sentence: str) -> None:
    """The summary is that sentence without the id, which is a field of the finding."""
    finding = TRUNCATED.finding(outcome, "HTTP 200")

    assert finding.summary == TRUNCATED.sentence(outcome) == sentence
    assert (finding.item, finding.check) == ("webhooks.signatures", "truncated")


def test_a_failed_check_is_one_line_with_its_fix() -> None:
    """The headline contains what was observed and expected; only a failure has a fix."""
    assert TRUNCATED.finding(Outcome.FAIL, "HTTP 200").headline == (
        "Accepted a signature cut to its first half: HTTP 200, expected HTTP 4xx"
    )
    assert TRUNCATED.finding(Outcome.FAIL, "HTTP 200").fix == "Compare the whole signature."
    assert TRUNCATED.finding(Outcome.PASS, "HTTP 400").fix == ""


def test_a_case_of_a_check_has_a_name_of_its_own() -> None:
    """A row may have findings of several cases, and each names the row as its check."""
    finding = TRUNCATED.finding(Outcome.PASS, "HTTP 400", case="truncated-order.created")

    assert (finding.case, finding.check) == ("truncated-order.created", "truncated")
