"""Judges what a case showed, and words its findings: plain functions of a case and a look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from harness.http.message import Request
from harness.model import Delivery, Finding, Outcome
from harness.webhooks import lockouts, receiver_causes
from harness.webhooks.cases import Expected, Material, ReceiverCase
from harness.webhooks.cases.receiver_case import REFUSALS
from harness.webhooks.effects import counted
from harness.webhooks.receiver_causes import Needs, ReceiverFault

_CLASSES = {
    Expected.REFUSED: (4,),
    Expected.REFUSED_OR_CUT: (4,),
    Expected.ACKNOWLEDGED: (2,),
    Expected.ACKNOWLEDGED_OR_CUT: (2,),
    Expected.ANSWERED: (2, 4),
    Expected.ANSWERED_OR_CUT: (2, 4),
    Expected.WITHOUT_EFFECT: (0, 1, 2, 3, 4, 5),
}
_MAY_CUT = (Expected.ACKNOWLEDGED_OR_CUT, Expected.REFUSED_OR_CUT, Expected.ANSWERED_OR_CUT)
_ANSWERED = (Expected.ANSWERED, Expected.ANSWERED_OR_CUT)
_DID: Mapping[int, str] = {
    0: "Did not respond to",
    2: "Accepted",
    3: "Returned a redirect for",
    4: "Refused",
    5: "Returned a server error for",
}
"""What a receiver did, by the class of its status, 0 for no response."""


class CaseResult(NamedTuple):
    """What one case came to."""

    outcome: Outcome
    observed: str
    summary: str = ""
    """The sentence for what happened, where the row's own does not."""


class Observation(NamedTuple):
    """What one delivery of a case showed."""

    answer: Delivery
    effects: int | None = None
    """Number of effects of its event; None where that is not known."""
    unknown: CaseResult = CaseResult(Outcome.NOT_RUN, "")
    """Why it is not known; the summary is empty."""
    ended: bool = False
    """Whether a process of the target ended."""
    silent: str = ""
    """What a genuine delivery got afterwards instead of an answer, empty where it got one."""
    genuine: Delivery | None = None
    """Response to the genuine delivery after one that got 429; None where there was none."""
    needs: Needs = Needs.THE_SECRET
    """What somebody needs for the same response, where it is a server error or none."""
    printed: str = ""
    """The exception that the process printed, empty for none."""

    @property
    def status_class(self) -> int:
        """The first digit of the status, 0 for no response."""
        return (self.answer.status or 0) // 100

    @property
    def did(self) -> str:
        """What the receiver did with the delivery, as the beginning of a sentence."""
        return _DID.get(self.status_class, "Answered")

    @property
    def seen(self) -> str:
        """What was observed, in words."""
        effects = "" if self.effects is None else f", {counted(self.effects)}"
        ended = ", and the process ended" if self.ended else ""
        silent = f", then no longer alive: {self.silent}" if self.silent else ""
        printed = f"; its log has: {self.printed}" if self.printed else ""
        seen = f"HTTP {self.answer.status}" if self.printed and self.answer.status else self.answer.seen
        return f"{seen}{effects}{ended}{silent}{printed}"


Decision = tuple[CaseResult, ReceiverFault | None]
"""What a case came to by itself, and the fault of the receiver that it shows beside, if any."""


def is_expected(case: ReceiverCase, answer: Delivery) -> bool:
    """Whether a delivery got a response that its row allows."""
    status = answer.status or 0
    cut = answer.cut and case.response in _MAY_CUT
    return cut or status // 100 in _CLASSES[case.response] or status in case.extra_statuses


def judged(case: ReceiverCase, material: Material, built: Request, look: Observation) -> Decision:
    """Decide by what the receiver took whether the case holds; a wrong status alone is a fault of its own."""
    if look.answer.status == 429:
        forged = case.response in REFUSALS and look.genuine
        why = lockouts.of_forgery(look.genuine) if forged and look.genuine else lockouts.LIMITED
        return CaseResult(Outcome.ERROR, f"{look.answer.seen}: {why}"), None
    if wrong := _wrong_content(case, material, built, look.answer):
        return CaseResult(Outcome.FAIL, wrong), _survival(case, look)
    decide = _refusal if case.response in REFUSALS else _answered if case.response in _ANSWERED else _acknowledgement
    own, fault = decide(case, look)
    return own, _survival(case, look) or fault


def _survival(case: ReceiverCase, look: Observation) -> ReceiverFault | None:
    """Return the fault of a receiver that did not survive a delivery, whatever it answered."""
    if look.ended:
        return receiver_causes.ended(case)
    return receiver_causes.silent(case) if look.silent else None


def _refusal(case: ReceiverCase, look: Observation) -> Decision:
    """Decide about a delivery of which nothing must be taken."""
    did = f"{look.did} {case.summary}"
    any_answer = case.response is Expected.WITHOUT_EFFECT
    # Where the effects are not known, the status alone decides.
    if look.status_class == 2 and (look.effects or (look.effects is None and not any_answer)):
        return CaseResult(Outcome.FAIL, look.seen, did), None
    fine = is_expected(case, look.answer)
    done = case.passed if fine and not any_answer else did
    if look.effects:
        return CaseResult(Outcome.FAIL, look.seen, f"{done}, but processed the event"), None
    fault = None if fine else _of_status(case, look)
    if look.effects is None:
        outcome, why, _ = look.unknown
        summary = f"{done}, but whether it then processed the event is not known"
        return CaseResult(outcome, f"{look.seen}; {why}", summary if outcome is Outcome.NOT_RUN else ""), fault
    return CaseResult(Outcome.PASS, look.seen, "" if fine else f"Did not process {case.summary}"), fault


def _of_status(case: ReceiverCase, look: Observation) -> ReceiverFault:
    if look.status_class == 2:
        return receiver_causes.ignored(case)
    return receiver_causes.wrong_status(case, look.answer.status, look.needs, look.did)


def _acknowledgement(case: ReceiverCase, look: Observation) -> Decision:
    """Decide about a delivery that must be taken."""
    if is_expected(case, look.answer):
        if case.takes_effect and look.effects == 0:
            lost = f"Acknowledged {case.summary}, but did not process it"
            return CaseResult(Outcome.FAIL, look.seen, lost), None
        return CaseResult(Outcome.PASS, look.seen), None
    if look.effects:
        fault = receiver_causes.unlike_processed(case, look.answer.status)
        return CaseResult(Outcome.PASS, look.seen, f"Processed {case.summary}"), fault
    summary = "" if case.check_answer else f"{look.did} {case.summary}"
    return CaseResult(Outcome.FAIL, look.seen, summary), None


def _answered(case: ReceiverCase, look: Observation) -> Decision:
    """Decide about a delivery that may be taken or refused; garbage may not have an effect."""
    elsewhere = CaseResult(Outcome.NOT_APPLICABLE, look.seen, f"Its response to {case.summary} is judged as a whole")
    if case.is_garbage and look.effects:
        return elsewhere, receiver_causes.processed_garbage(case)
    if is_expected(case, look.answer):
        return CaseResult(Outcome.PASS, look.seen), None
    return elsewhere, receiver_causes.wrong_status(case, look.answer.status, look.needs, look.did)


def _wrong_content(case: ReceiverCase, material: Material, built: Request, answer: Delivery) -> str:
    """Return what is wrong with the content of a response; empty when nothing is."""
    if case.must_not_contain and case.must_not_contain(material, built) in answer.whole:
        return f"HTTP {answer.status}, and the response contains the right signature"
    if case.check_answer and is_expected(case, answer) and (flaw := case.check_answer(material, answer.whole)):
        return f"{answer.seen}: {flaw}"
    return ""


def findings_of(
    case: ReceiverCase, decision: Decision, look: Observation, *, reproduce: str, request: str, note: str = ""
) -> Iterator[Finding]:
    """Yield the finding of a case, and that of the further fault that it shows; ``request`` is its delivery.

    ``note`` is why nobody would correct that the receiver accepts what it must refuse, or the other way round.
    """
    own, fault = decision
    if not (fault and fault.check.item == case.item and own.outcome is Outcome.NOT_APPLICABLE):
        found = finding_of(case, own, reproduce, request)
        opposite = look.status_class == (2 if case.response in REFUSALS else 4)
        yield msgspec.structs.replace(found, note=note) if opposite and found.outcome is Outcome.FAIL else found
    if fault:
        yield fault.finding(case, look.seen, reproduce=reproduce, request=request)


def finding_of(case: ReceiverCase, result: CaseResult, reproduce: str, request: str = "") -> Finding:
    """Return the finding of one case; ``request`` is shown where something is wrong."""
    outcome, observed, summary = result
    if not case.judged and outcome in (Outcome.FAIL, Outcome.NOT_RUN):
        summary = f"{summary or case.sentence(outcome)} (reported, not judged)"
        outcome = Outcome.NOT_APPLICABLE
    bad = outcome in (Outcome.FAIL, Outcome.ERROR)
    return case.finding(outcome, observed, summary=summary, reproduce=reproduce, request=request if bad else "")
