"""What an answer comes to, and how a finding says it: plain functions over a case, an answer and an event."""

from __future__ import annotations

from collections.abc import Sequence

from harness.http.client_tls import UNTRUSTED
from harness.http.message import Request
from harness.model import Check, Delivery, Event, Finding, Outcome
from harness.model.check import Judgement
from harness.webhooks.cases import Expected, Material, ReceiverCase

_CLASSES = {
    Expected.REFUSED: (4,),
    Expected.REFUSED_OR_CUT: (4,),
    Expected.ACKNOWLEDGED: (2,),
    Expected.ANSWERED: (2, 4),
    Expected.ANSWERED_OR_CUT: (2, 4),
}
_MAY_CUT = (Expected.REFUSED_OR_CUT, Expected.ANSWERED_OR_CUT)


def answered(case: ReceiverCase, material: Material, built: Request, answer: Delivery) -> Judgement:
    """Hold the answer alone against the row."""
    if answer.status == 429:
        return (
            Outcome.ERROR,
            f"{answer.seen}: the receiver limits rates, so it never looked. Raise its limit for the run",
        )
    if answer.status is None:
        fine = answer.cut and case.expected in _MAY_CUT
        return (Outcome.PASS if fine else Outcome.FAIL), answer.seen
    if answer.status // 100 not in _CLASSES[case.expected] and answer.status not in case.extra_statuses:
        return Outcome.FAIL, answer.seen
    wrong = _wrong_content(case, material, built, answer)
    return (Outcome.FAIL, wrong) if wrong else (Outcome.PASS, answer.seen)


def _wrong_content(case: ReceiverCase, material: Material, built: Request, answer: Delivery) -> str:
    """Return what is wrong with an answer of the right status; empty when nothing is."""
    if case.must_not_contain and case.must_not_contain(material, built) in answer.whole:
        return f"HTTP {answer.status}, and the answer holds the right signature"
    if case.must_contain and case.must_contain(material) not in answer.whole:
        return f"{answer.seen}, without {case.must_contain(material)!r}"
    if case.check_answer and (flaw := case.check_answer(material, answer.whole)):
        return f"{answer.seen}: {flaw}"
    return ""


def hint(delivery: Delivery) -> str:
    """Return what to do about a genuine delivery that was not acknowledged, as a further sentence."""
    if delivery.error.startswith(UNTRUSTED):
        return ". Senders deliver to nobody whose certificate they cannot verify: see webhooks.tls for what to do"
    if delivery.status is None:
        return f". Start the receiver, or correct [receiver] url ({delivery.url})"
    if 300 <= delivery.status < 400:
        return ". Senders follow no redirect: name the final URL as [receiver] url"
    if delivery.status in {400, 401, 403}:
        return ". If every genuine delivery is refused, compare [receiver] signature with what the receiver expects"
    return ""


_ALL_REFUSED = ". Every genuine delivery was refused, so most likely harness.toml is wrong and not the receiver"

ACCEPTED = Check(
    id="valid",
    item="webhooks.fixtures",
    summary="each event fixture, delivered as it is",
    expected="HTTP 2xx",
    source="the integration guide",
    fix="Compare [receiver] signature, its secret and scheme, with what the receiver was given.",
)
FITS_SPEC = Check(
    id="schema",
    item="webhooks.fixtures",
    summary="each event fixture, held against the spec's webhooks",
    expected="the schema of its type",
    source="OpenAPI Specification 3.1.1, webhooks",
    fix="Capture the event anew from the provider, or correct the schema in the spec's webhooks.",
)
CHECKS = (ACCEPTED, FITS_SPEC)


def acceptance(event: Event, answer: Delivery, *, all_refused: bool) -> Finding:
    """Return what the answer to an honest delivery says; ``all_refused`` if every other was refused too."""
    outcome = Outcome.PASS if answer.acknowledged else Outcome.FAIL
    if answer.status is None:
        outcome = Outcome.ERROR
    verb = "acknowledged" if answer.acknowledged else "not acknowledged"
    why = "" if answer.acknowledged else _ALL_REFUSED if all_refused else hint(answer)
    summary = f"{event.name}: a genuine delivery was {verb}"
    return ACCEPTED.finding(outcome, answer.seen + why, summary=summary, case=f"valid-{event.name}")


def conformity(event: Event, violations: Sequence[str], spec: str) -> Finding:
    """Return whether a fixture conforms to the document ``spec``; ``violations`` are what is wrong with it."""
    return FITS_SPEC.finding(
        Outcome.FAIL if violations else Outcome.PASS,
        "; ".join(violations) or "valid",
        summary=f"{event.name}: {'breaks' if violations else 'conforms to'} the spec's webhooks",
        expected=f"the schema of {event.type!r} in {spec}",
        case=f"schema-{event.name}",
    )


def finding_of(case: ReceiverCase, judgement: Judgement, reproduce: str, request: str = "") -> Finding:
    """Return the finding of one case; ``request`` is shown where something is wrong."""
    outcome, observed = judgement
    if not case.judged and outcome in (Outcome.FAIL, Outcome.NOT_RUN):
        outcome, observed = Outcome.NOT_APPLICABLE, f"{observed} (told, not judged)"
    bad = outcome in (Outcome.FAIL, Outcome.ERROR)
    return case.finding(outcome, observed, reproduce=reproduce, request=request if bad else "")
