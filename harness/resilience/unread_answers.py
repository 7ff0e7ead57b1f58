"""Answers that a client need not read: its workflow ends in the same way with ``{}`` in their place."""

from __future__ import annotations

import msgspec

from harness.model import Outcome
from harness.resilience.case_trials import Tried
from harness.resilience.client_case import ClientCase
from harness.resilience.client_evidence import Evidence
from harness.resilience.commits import ended_as_usual, writes_done
from harness.resilience.faults import Corruption, Fault, corrupted

MOST_ANSWERS = 1000
"""Answers of one operation that are replaced, in one run: a client that needs one may ask again and again."""
EMPTIED: tuple[Fault, ...] = (corrupted(Corruption.EMPTIED),) * MOST_ANSWERS
PATIENCE = 4
"""How many times as long as the undisturbed run a client may wait for the answer that it needs."""
_WHY = "the client need not read that answer: with {} in place of each, the workflow ends in the same way"


def may_be_unread(case: ClientCase, found: Tried) -> bool:
    """Whether what a case found is no failure where the client need not read the answer."""
    return case.needs_body and found.outcome is Outcome.FAIL


def is_unread(evidence: Evidence) -> bool:
    """Whether a run with `EMPTIED` answers of one operation succeeded, and had the provider do the usual writes."""
    done, usual = (writes_done(each, evidence.label_of) for each in (evidence.attempts, evidence.undisturbed))
    return evidence.is_met and ended_as_usual(evidence.run, done, usual)


def spared(found: Tried) -> Tried:
    """Return the pass of an operation whose answer need not be read."""
    return msgspec.structs.replace(
        found, outcome=Outcome.PASS, complaint="", observed=f"{_WHY}. {found.observed}", brief=_WHY
    )
