"""Answers that the client need not read: no failure of the cases that break them."""

from __future__ import annotations

import pytest

from harness.model import Attempt, Outcome
from harness.model.config import Policy
from harness.resilience.case_trials import tried
from harness.resilience.cases.integrity import CUT
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun
from harness.resilience.unread_answers import is_unread, may_be_unread, spared

HALF = next(case for case in CUT if case.id == "half-the-json")
HEAD = next(case for case in CUT if case.id == "cut-in-the-head")


def post(path: str, fault: str = "") -> Attempt:
    return Attempt(
        at=1, method="POST", path=path, key="", body_digest="0", fault=fault, status=201, provider_status=201
    )


def evidence(*attempts: Attempt, status: int = 0) -> Evidence:
    ended = ClientRun(exit_status=status, seconds=1, tail="", ended_at=9)
    return Evidence(attempts=attempts, run=ended, policy=Policy(), undisturbed=(post("/a"), post("/b")))


@pytest.mark.parametrize(
    "run, unread",
    [
        (evidence(post("/a", "201, emptied"), post("/b")), True),
        (evidence(post("/a", "201, emptied"), post("/b"), status=1), False),
        (evidence(post("/a", "201, emptied")), False),
        (evidence(post("/a", "201, emptied"), post("/b"), post("/c")), False),
        (evidence(post("/a"), post("/b")), False),
    ],
    ids=["same", "failed", "fewer", "more", "unmet"],
)
def test_an_answer_is_unread_where_the_workflow_ends_in_the_same_way(run: Evidence, unread: bool) -> None:  # noqa: FBT001
    """It succeeds with the usual writes although each answer was empty."""
    assert is_unread(run) is unread


def test_a_broken_answer_that_is_not_read_is_no_failure() -> None:
    """The finding states why; a cut head is a failure all the same, for it has the status."""
    taken = evidence(post("/a", "201, half"), post("/b"))

    found = tried(HALF, "POST /a", lambda _: (taken, ()))

    assert may_be_unread(HALF, found)
    assert not may_be_unread(HEAD, found)
    assert spared(found).outcome is Outcome.PASS
    assert spared(found).observed.startswith(
        "the client need not read that answer: with {} in place of each, the workflow ends in the same way. the client"
    )
