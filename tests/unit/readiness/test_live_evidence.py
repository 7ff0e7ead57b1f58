"""Which items need calls that the harness saw, and what becomes of a test that passes without."""

from __future__ import annotations

import pytest

from harness.model import Finding, Item, Level, Mode, Outcome
from harness.readiness.live_evidence import HOW, UNSEEN, as_recorded, is_seen, why_not_live


def item(evidence: Mode | None, *needs: str) -> Item:
    return Item(id="own.it", level=Level.MUST, text="It.", remediation="Do it.", evidence=evidence, needs=needs)


def finding(outcome: Outcome = Outcome.PASS, mode: Mode = Mode.LIVE) -> Finding:
    return Finding(item="own.it", outcome=outcome, summary="test_it passed", mode=mode, test="test_own.py::test_it")


ITEMS = {
    "about-the-provider": (item(Mode.LIVE, "provider.spec", "provider.base_url"), True),
    "of-the-users-own": (item(Mode.LIVE), True),
    "about-the-receiver": (item(Mode.LIVE, "receiver.url"), False),
    "of-recordings": (item(Mode.RECORDED, "provider.base_url"), False),
    "of-any-evidence": (item(None, "provider.base_url"), False),
}


@pytest.mark.parametrize("about, seen", ITEMS.values(), ids=ITEMS.keys())
def test_live_items_about_the_provider_must_be_seen(about: Item, *, seen: bool) -> None:
    """Only what must be live, and is about the provider or the user's own, is verified by calls that were seen."""
    assert is_seen(about) is seen


def test_a_pass_becomes_recorded_evidence_that_explains_itself() -> None:
    """The reason names the test, what was not seen, and what to do."""
    unseen = as_recorded(finding())

    assert unseen.mode is Mode.RECORDED
    assert why_not_live([finding(Outcome.FAIL), unseen]) == f"test_own.py::test_it: {UNSEEN}. {HOW}"


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN, Outcome.NOT_APPLICABLE])
def test_whatever_did_not_pass_stays_as_it_is(outcome: Outcome) -> None:
    """A failure is never lost for want of evidence."""
    assert as_recorded(finding(outcome)) == finding(outcome)


def test_what_was_recorded_on_purpose_is_not_explained() -> None:
    """A scenario that plays its cassette has a live run beside it."""
    recorded = as_recorded(finding(mode=Mode.RECORDED))

    assert recorded == finding(mode=Mode.RECORDED)
    assert why_not_live([recorded]) == ""
