"""Idempotency keys in bodies are keys: they are read, and calls that differ in them alone are the same call."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from harness.http.message import Request
from harness.resilience.key_places import ANY_KEY, MOST_READ, KeyPlaces

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def request(body: bytes, content_type: str = JSON, **headers: str) -> Request:
    named = [("content-type", content_type), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return Request(method="POST", url="http://127.0.0.1/pay", headers=tuple(named), body=body)


BODIES: dict[str, tuple[Request, str]] = {
    "json": (request(b'{"amount": 1, "idempotency_key": "k-1"}'), "k-1"),
    "camel": (request(b'{"idempotencyKey": "k-1"}'), "k-1"),
    "form": (request(b"amount=1&idempotency_key=k-1", FORM), "k-1"),
    "header-first": (request(b'{"idempotency_key": "k-1"}', idempotency_key="h-1"), "h-1"),
    "deeper": (request(b'{"a": {"idempotency_key": "k-1"}}'), ""),
    "no-text": (request(b'{"idempotency_key": 7}'), ""),
    "no-json": (request(b"{idempotency_key"), ""),
    "nested": (request(b"[" * 100_000), ""),
    "other-type": (request(b'{"idempotency_key": "k-1"}', "text/plain"), ""),
    "huge": (request(b'{"idempotency_key": "k-1", "x": "' + b"x" * MOST_READ + b'"}'), ""),
    "none": (request(b""), ""),
}


@pytest.mark.parametrize("sent, key", BODIES.values(), ids=BODIES)
def test_a_key_is_read_from_header_or_body(sent: Request, key: str) -> None:
    """A header decides where there is one; a body of another kind, or a hostile one, has none."""
    assert ANY_KEY.key_in(sent) == key


@pytest.mark.parametrize("write, kind", [(json.dumps, JSON), (urlencode, FORM)], ids=["json", "form"])
def test_a_digest_knows_the_call_and_not_its_key(write: type, kind: str) -> None:
    """So a new key with each attempt is seen, and another body under the old key too."""

    def digest(amount: str, key: str) -> str:
        return ANY_KEY.digest_of(request(write({"amount": amount, "idempotency_key": key}).encode(), kind))

    assert digest("5", "first-key") == digest("5", "other-key")
    assert digest("5", "first-key") != digest("6", "first-key")


def test_a_body_without_a_key_has_its_own_digest() -> None:
    """As before: equal digests mean equal bodies."""
    sent = request(b'{"amount": 1}')
    assert KeyPlaces(("request-id",)).digest_of(sent) == sent.digest
