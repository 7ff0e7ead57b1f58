"""Judges responses and words the findings: plain functions of a case, a response and an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from harness.http.client_tls import UNTRUSTED
from harness.http.message import Request
from harness.model import Check, Delivery, Event, Finding, Outcome
from harness.webhooks.cases import Expected, Material, ReceiverCase

_CLASSES = {
    Expected.REFUSED: (4,),
    Expected.REFUSED_OR_CUT: (4,),
    Expected.ACKNOWLEDGED: (2,),
    Expected.ANSWERED: (2, 4),
    Expected.ANSWERED_OR_CUT: (2, 4),
}
_MAY_CUT = (Expected.REFUSED_OR_CUT, Expected.ANSWERED_OR_CUT)
_SURVIVED = (Expected.ANSWERED, Expected.ANSWERED_OR_CUT)
"""Where the row's sentence for a fail is true of any response, of none, and of a receiver that died afterwards."""
_INSTEAD: Mapping[int, str] = {
    2: "Accepted",
    3: "Returned a redirect for",
    4: "Refused",
    5: "Returned a server error for",
}
"""What a receiver did, by the class of its status."""


class CaseResult(NamedTuple):
    """What one case came to."""

    outcome: Outcome
    observed: str
    summary: str = ""
    """The sentence for what happened, where the row's own does not."""


def answered(case: ReceiverCase, material: Material, built: Request, answer: Delivery) -> CaseResult:
    """Judge the response alone."""
    if answer.status == 429:
        return CaseResult(
            Outcome.ERROR,
            f"{answer.seen}: the receiver's rate limit answered in its place. Raise that limit for the run",
        )
    if answer.cut and case.response in _MAY_CUT:
        return CaseResult(Outcome.PASS, answer.seen)
    status = answer.status or 0
    if status // 100 not in _CLASSES[case.response] and status not in case.extra_statuses:
        return CaseResult(Outcome.FAIL, answer.seen, _instead(case, status))
    wrong = _wrong_content(case, material, built, answer)
    return CaseResult(Outcome.FAIL, wrong) if wrong else CaseResult(Outcome.PASS, answer.seen)


def _instead(case: ReceiverCase, status: int) -> str:
    """Return what the receiver did with a delivery, 0 for no response; empty where the row's sentence covers it."""
    if case.check_answer or case.response in _SURVIVED:
        return ""
    return f"{_INSTEAD.get(status // 100, 'Did not respond to')} {case.summary}"


def stopped(case: ReceiverCase, observed: str) -> CaseResult:
    """Return the result where the receiver did not survive a delivery that it answered as expected."""
    summary = "" if case.response in _SURVIVED else f"{case.passed}, then stopped responding"
    return CaseResult(Outcome.FAIL, observed, summary)


def _wrong_content(case: ReceiverCase, material: Material, built: Request, answer: Delivery) -> str:
    """Return what is wrong with a response of the right status; empty when nothing is."""
    if case.must_not_contain and case.must_not_contain(material, built) in answer.whole:
        return f"HTTP {answer.status}, and the response contains the right signature"
    if case.check_answer and (flaw := case.check_answer(material, answer.whole)):
        return f"{answer.seen}: {flaw}"
    return ""


def hint(delivery: Delivery) -> str:
    """Return what to do about a genuine delivery that was not acknowledged, as one more sentence."""
    if delivery.error.startswith(UNTRUSTED):
        return ". Senders refuse a certificate that they cannot verify: see webhooks.tls for what to do"
    if delivery.status is None:
        return f". Start the receiver, or correct [receiver] url ({delivery.url})"
    if 300 <= delivery.status < 400:
        return ". Senders do not follow redirects: set [receiver] url to the final URL"
    if delivery.status in {400, 401, 403}:
        return ". If every genuine delivery is refused, compare [receiver] signature with what the receiver expects"
    return ""


_ALL_REFUSED = ". Every genuine delivery was refused, so harness.toml is probably wrong, not the receiver"

ACCEPTED = Check(
    id="valid",
    item="webhooks.fixtures",
    summary="a genuine delivery of each event fixture",
    passed="Acknowledged a genuine delivery of the event fixture",
    failed="Did not acknowledge a genuine delivery of the event fixture",
    expected="HTTP 2xx",
    source="the integration guide",
    fix="Compare scheme and secret of [receiver] signature with those that the receiver uses.",
)
FITS_SPEC = Check(
    id="schema",
    item="webhooks.fixtures",
    summary="each event fixture against the spec's webhooks",
    passed="The event fixture matches its schema in the spec",
    failed="The event fixture does not match its schema in the spec",
    expected="the schema of its type",
    source="OpenAPI Specification 3.1.1, webhooks",
    fix="Capture the event again from the provider, or correct the schema in the spec's webhooks.",
)
CHECKS = (ACCEPTED, FITS_SPEC)


def acceptance(event: Event, answer: Delivery, *, all_refused: bool) -> Finding:
    """Return the finding of a genuine delivery; ``all_refused`` if the receiver refused every other one too."""
    outcome = Outcome.PASS if answer.acknowledged else Outcome.FAIL
    if answer.status is None:
        outcome = Outcome.ERROR
    verb = "Acknowledged" if answer.acknowledged else "Did not acknowledge"
    why = "" if answer.acknowledged else _ALL_REFUSED if all_refused else hint(answer)
    summary = f"{verb} a genuine delivery of {event.name}"
    return ACCEPTED.finding(outcome, answer.seen + why, summary=summary, case=f"valid-{event.name}")


def conformity(event: Event, violations: Sequence[str], spec: str) -> Finding:
    """Return whether a fixture matches the document ``spec``; ``violations`` are what is wrong with it."""
    return FITS_SPEC.finding(
        Outcome.FAIL if violations else Outcome.PASS,
        "; ".join(violations) or "valid",
        summary=f"The fixture {event.name} {'does not match' if violations else 'matches'} its schema in the spec",
        expected=f"the schema of {event.type!r} in {spec}",
        case=f"schema-{event.name}",
    )


def without_schema(event: Event, reason: str) -> Finding:
    """Return why a fixture cannot be held against any schema."""
    return FITS_SPEC.finding(
        Outcome.NOT_APPLICABLE,
        reason,
        summary=f"No schema applies to the fixture {event.name}",
        case=f"schema-{event.name}",
    )


def undescribed(spec: str) -> Finding:
    """Return that the fixtures cannot be held against the document ``spec``, which describes no webhooks."""
    return FITS_SPEC.finding(Outcome.NOT_APPLICABLE, f"{spec} describes no webhooks", case="schema")


def with_fixtures(finding: Finding, *files: str) -> Finding:
    """Return the finding with the event fixtures that its deliveries were made from, where something is wrong."""
    named = ", ".join(filter(None, files))
    if not named or finding.outcome not in (Outcome.FAIL, Outcome.ERROR):
        return finding
    return msgspec.structs.replace(finding, observed=f"{finding.observed} (event fixture {named})")


def finding_of(case: ReceiverCase, result: CaseResult, reproduce: str, request: str = "") -> Finding:
    """Return the finding of one case; ``request`` is shown where something is wrong."""
    outcome, observed, summary = result
    if not case.judged and outcome in (Outcome.FAIL, Outcome.NOT_RUN):
        summary = f"{summary or case.sentence(outcome)} (reported, not judged)"
        outcome = Outcome.NOT_APPLICABLE
    bad = outcome in (Outcome.FAIL, Outcome.ERROR)
    return case.finding(outcome, observed, summary=summary, reproduce=reproduce, request=request if bad else "")
