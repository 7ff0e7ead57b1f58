"""Handshakes: the right answer is known from the wrong ones."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from harness.webhooks.schemes import SCHEMES
from harness.webhooks.schemes.handshakes import HANDSHAKES, ORIGIN, HandshakeAnswer, handshake_of

NONCE = "n0nce"
SECRET = "key of the receiver"


def _token(nonce: str, key: str = SECRET) -> bytes:
    made = hmac.new(key.encode(), nonce.encode(), hashlib.sha256).hexdigest()
    return json.dumps({"plainToken": nonce, "encryptedToken": made}).encode()


@pytest.mark.parametrize(
    "scheme, answer, flaw",
    [
        ("slack", HandshakeAnswer(200, {}, NONCE.encode()), ""),
        ("slack", HandshakeAnswer(200, {}, b'{"challenge":"n0nce"}'), ""),
        ("slack", HandshakeAnswer(200, {}, b'{"challenge":"other"}'), "HTTP 200 without the challenge"),
        ("slack", HandshakeAnswer(404, {}, NONCE.encode()), "HTTP 404"),
        ("zoom", HandshakeAnswer(200, {}, _token(NONCE)), ""),
        ("zoom", HandshakeAnswer(200, {}, _token("other")), "an answer without the plainToken"),
        ("zoom", HandshakeAnswer(200, {}, _token(NONCE, "another key")), "an encryptedToken that is not right"),
        ("zoom", HandshakeAnswer(500, {}, _token(NONCE)), "HTTP 500"),
        ("discord", HandshakeAnswer(200, {}, b'{"type":1}'), ""),
        ("discord", HandshakeAnswer(200, {}, b'[{"type":1}]'), "HTTP 200 without PONG"),
        ("discord", HandshakeAnswer(401, {}, b'{"type":1}'), "HTTP 401"),
        ("cloudevents", HandshakeAnswer(200, {"webhook-allowed-origin": ORIGIN}, b""), ""),
        ("cloudevents", HandshakeAnswer(204, {"webhook-allowed-origin": "*"}, b""), ""),
        ("cloudevents", HandshakeAnswer(200, {}, b""), "no WebHook-Allowed-Origin"),
        (
            "cloudevents",
            HandshakeAnswer(200, {"webhook-allowed-origin": "x.example"}, b""),
            "WebHook-Allowed-Origin: x.example",
        ),
        ("cloudevents", HandshakeAnswer(405, {}, b""), "HTTP 405"),
    ],
)
def test_an_answer_is_judged(scheme: str, answer: HandshakeAnswer, flaw: str) -> None:
    """What the provider would take is taken, and anything else is named."""
    handshake = handshake_of(scheme)

    assert handshake is not None
    assert handshake.flaw(answer, NONCE, SECRET) == flaw


def test_a_handshake_belongs_to_a_scheme_and_carries_its_nonce() -> None:
    """Each is asked by the providers of a scheme there is; a question with a body tells the nonce."""
    assert {h.scheme for h in HANDSHAKES} <= {s.name for s in SCHEMES}
    assert all(NONCE.encode() in h.body(NONCE) for h in HANDSHAKES if h.method == "POST")
    assert handshake_of("github") is None
