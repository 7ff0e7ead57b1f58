"""Deliveries that others signed: what a scheme signs is genuine, whatever differs is not."""

from __future__ import annotations

import os

import pytest

from harness.http.message import Headers
from harness.model import Event
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_named
from harness.webhooks.signature_check import signature_complaint

NOW = 1_760_000_000
BODY = b'{"id": "evt_1", "type": "run.succeeded"}'
ADYEN = b'{"notificationItems": [{"NotificationRequestItem": {"pspReference": "P1"}}, {"NotificationRequestItem": {}}]}'
SYMMETRIC = [s for s in SCHEMES if getattr(s, "symmetric", True)]


def complaint(scheme: Scheme, secret: str, body: bytes = BODY, at: int = NOW, value: str = "") -> str:
    sent = scheme.within.renewed(ADYEN if scheme.within.of_each else BODY) if scheme.within else BODY
    headers = scheme.sign(BODY, secret=secret, timestamp=at, event_id="evt_1", url="http://x.test/h")
    headers = tuple((k, value or v) if k == scheme.header else (k, v) for k, v in headers)
    if body == BODY:
        body = scheme.sign_body(sent, secret=secret, timestamp=at)
    event = Event(name="", type="", id="evt_1", body=body, headers=headers)
    wrong = signature_complaint(scheme, event, secret=secret, urls=("http://x.test/h",), now=NOW)
    return wrong.text if wrong else ""


@pytest.mark.parametrize("scheme", SYMMETRIC, ids=lambda s: s.name)
def test_what_a_scheme_signs_is_genuine(scheme: Scheme) -> None:
    """Every scheme's own signature is accepted."""
    assert complaint(scheme, scheme.new_secret()) == ""


def test_what_differs_is_named() -> None:
    """Another body, an old timestamp and a missing header are told apart."""
    scheme, secret = scheme_named("hmac"), os.urandom(16).hex()

    assert complaint(scheme, secret, b"{}") == "x-product-signature does not match the received bytes"
    assert complaint(scheme, secret, at=NOW - 4000) == "its timestamp is off by 4000 s"
    bare = Event(name="", type="", id="", body=BODY, headers=())
    missing = signature_complaint(scheme, bare, secret=secret, urls=("",), now=NOW)
    assert missing is not None
    assert missing.text == "it has no x-product-signature"
    assert "has no timestamp" in complaint(scheme, secret, value="v1=abc")


@pytest.mark.parametrize(
    "name, edit, text",
    [
        ("mailgun", (b'"signature":"', b'"signature":"0'), "signature.signature does not match the received fields"),
        ("mailgun", (b'"token":"', b'"token":"0'), "signature.signature does not match the received fields"),
        ("mailgun", (b'"timestamp":"', b'"timestamp":"x'), "signature.signature has no timestamp"),
        ("adyen-payments", (b'"P1"', b'"P2"'), "additionalData.hmacSignature does not match the received fields"),
        ("adyen-payments", (b"hmacSignature", b"other"), "it has no additionalData.hmacSignature"),
    ],
)
def test_a_signature_in_the_body_is_verified(name: str, edit: tuple[bytes, bytes], text: str) -> None:
    """Its own fields count, and each signed object needs a signature."""
    scheme = scheme_named(name)
    secret = scheme.new_secret()
    assert scheme.within is not None
    body = scheme.within.renewed(ADYEN if scheme.within.of_each else BODY)
    body = scheme.sign_body(body, secret=secret, timestamp=NOW)

    assert complaint(scheme, secret, body) == ""
    assert complaint(scheme, secret, body.replace(*edit, 1)) == text


def test_an_old_signature_in_the_body_is_too_old() -> None:
    """Mailgun's page has no limit; five minutes count, as for other schemes without one."""
    scheme = scheme_named("mailgun")

    assert complaint(scheme, scheme.new_secret(), at=NOW - 4000) == "its timestamp is off by 4000 s"


def test_one_of_several_signatures_is_enough() -> None:
    """During a rotation the right signature may stand second."""
    scheme, secret = scheme_named("hmac"), os.urandom(16).hex()
    right = scheme.signature(BODY, secret=secret, timestamp=NOW)

    assert complaint(scheme, secret, value=f"t={NOW},v1={'0' * 64},v1={right}") == ""


def test_causes_are_those_that_waivers_know() -> None:
    """Causes, which are part of a finding's id, are the same in every version and contain no figures."""
    scheme, secret = scheme_named("hmac"), os.urandom(16).hex()
    right = scheme.sign(BODY, secret=secret, timestamp=NOW, event_id="evt_1")

    def cause(headers: Headers, body: bytes = BODY, now: int = NOW) -> str:
        event = Event(name="", type="", id="evt_1", body=body, headers=headers)
        wrong = signature_complaint(scheme, event, secret=secret, urls=("",), now=now)
        return wrong.cause if wrong else ""

    assert [
        cause(()),
        cause(((scheme.header, "v1=abc"),)),
        cause(right, b"{}"),
        cause(right, now=NOW + 4000),
        cause(right),
    ] == [
        "it has no x-product-signature",
        "x-product-signature comes without a timestamp",
        "x-product-signature is not the signature of the bytes that came",
        "its timestamp is too far off",
        "",
    ]
