"""Signatures in the body: where they are read and written, and that nothing else of the body changes."""

from __future__ import annotations

import json

import pytest

from harness.webhooks.schemes import scheme_named
from harness.webhooks.schemes.body_signature import BodySignature


def within(scheme: str) -> BodySignature:
    found = scheme_named(scheme).within
    assert found is not None
    return found


MAILGUN, ADYEN = within("mailgun"), within("adyen-payments")


@pytest.mark.parametrize(
    "body, written",
    [
        (
            b'{"signature": {"timestamp": "1", "token": "a", "signature": "x"},  "n": 1.0}',
            b'{"signature": {"timestamp": "7", "token": "a", "signature": "s"},  "n": 1.0}',
        ),
        (b'{"signature":null,"n":1.0}', b'{"signature":{"signature":"s","timestamp":"7"},"n":1.0}'),
        (b' {"n": 1.0}', b' {"signature":{"signature":"s","timestamp":"7"},"n": 1.0}'),
        (b"{}", b'{"signature":{"signature":"s","timestamp":"7"}}'),
        ('{"é": 1}'.encode("utf-16"), '{"signature":{"signature":"s","timestamp":"7"},"é": 1}'.encode("utf-16")),
        (b"a=%20b&signature=x&token=t", b"a=%20b&token=t&signature=s&timestamp=7"),
    ],
)
def test_a_signature_is_written_and_every_other_byte_stays(body: bytes, written: bytes) -> None:
    """Its object is completed, or made where the body has none; a form has the members as fields."""
    assert MAILGUN.written(body, ["s"], "7") == written
    assert MAILGUN.found(written) == ["s"]


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{not json", b"\xff\xfe", b"<a/>", b"[" * 100_000], ids=range(7)
)
def test_a_body_without_a_place_stays_as_it_is(body: bytes) -> None:
    """What nothing can be written into is sent as it is, unsigned."""
    for each in (MAILGUN, ADYEN):
        assert each.written(body, ["s"], "7") == each.renewed(body) == body
        assert each.values(body) == []


def test_each_object_gets_its_own_signature() -> None:
    """Adyen signs every item of a notification by itself."""
    items = [{"NotificationRequestItem": {"pspReference": n, "amount": {"value": 10}}} for n in ("P1", "P2")]
    body = json.dumps({"notificationItems": items}).encode()
    signed = scheme_named("adyen-payments").sign_body(body, secret="00ff", timestamp=7)

    one, two = ADYEN.found(signed)
    assert one != two
    assert [each["psp"] for each in ADYEN.values(signed)] == ["P1", "P2"]
    assert ADYEN.found(ADYEN.written(signed, ["a", "b"], "")) == ["a", "b"]
    assert ADYEN.found(ADYEN.written(signed, ["a"], "")) == ["a", "a"]
    assert ADYEN.found(ADYEN.written(signed, [None], "")) == ["", ""]


def test_a_new_delivery_has_a_new_token_and_no_signature() -> None:
    """A receiver may remember Mailgun's tokens, to refuse a replay."""
    body = b'{"signature": {"timestamp": "1", "token": "a", "signature": "x"}}'
    new, other = MAILGUN.renewed(body), MAILGUN.renewed(body)

    assert MAILGUN.found(new) == [""]
    assert len({"a", *(MAILGUN.values(each)[0]["token"] for each in (new, other))}) == 3
