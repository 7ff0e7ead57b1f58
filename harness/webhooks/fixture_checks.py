"""Judges the event fixtures: whether each is acknowledged, and whether each matches the spec."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.http.client_tls import UNTRUSTED
from harness.http.unanswered import LATE
from harness.model import Check, Delivery, Event, Finding, Outcome


def hint(delivery: Delivery) -> str:
    """Return what to do about a genuine delivery that was not acknowledged, as one more sentence."""
    if delivery.error.startswith(UNTRUSTED):
        return ". Senders refuse a certificate that they cannot verify: see webhooks.tls for what to do"
    if delivery.status is None:
        return _unanswered(delivery)
    if 300 <= delivery.status < 400:
        return ". Senders do not follow redirects: set [receiver] url to the final URL"
    if delivery.status in {400, 401, 403}:
        return ". If every genuine delivery is refused, compare [receiver] signature with what the receiver expects"
    return ""


def _unanswered(delivery: Delivery) -> str:
    runs = ". It runs, for it took the connection: read its log for"
    if delivery.cut:
        return f"{runs} what ended the request, and correct [receiver] url ({delivery.url}) if it has http for https"
    if delivery.error.startswith(LATE):
        return f"{runs} what the request waits for"
    return f". Start the receiver, or correct [receiver] url ({delivery.url})"


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


_REWRITTEN = (
    ". It acknowledges the same event {}: so it verifies the signature over what it has made of the body, and not over "
    "the bytes as they came"
)
_BYTES = "Verify over the request's bytes as they arrive, before any middleware parses or trims them."


def acceptance(event: Event, answer: Delivery, *, all_refused: bool, instead: str = "") -> Finding:
    """Return the finding of a genuine delivery; ``all_refused`` if the receiver refused every other one too.

    ``instead`` is the form in which it accepts the event, in words; empty for none.
    """
    outcome = Outcome.PASS if answer.acknowledged else Outcome.FAIL
    if answer.status is None:
        outcome = Outcome.ERROR
    verb = "Acknowledged" if answer.acknowledged else "Did not acknowledge"
    why = "" if answer.acknowledged else _ALL_REFUSED if all_refused else hint(answer)
    why = _REWRITTEN.format(instead) if instead else why
    summary = f"{verb} a genuine delivery of {event.name}"
    found = ACCEPTED.finding(outcome, answer.seen + why, summary=summary, case=f"valid-{event.name}")
    return msgspec.structs.replace(found, fix=_BYTES) if instead else found


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
