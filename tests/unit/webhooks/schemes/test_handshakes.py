"""Handshakes: the right answer is known from the wrong ones."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from harness.http.message import Response
from harness.webhooks.schemes import SCHEMES
from harness.webhooks.schemes.handshakes import HANDSHAKES, ORIGIN

NONCE = "n0nce"
SECRET = "key of the receiver"


def _token(nonce: str, key: str = SECRET) -> bytes:
    made = hmac.new(key.encode(), nonce.encode(), hashlib.sha256).hexdigest()
    return json.dumps({"plainToken": nonce, "encryptedToken": made}).encode()


@pytest.mark.parametrize(
    "scheme, answer, flaw",
    [
        ("slack", Response(status=200, body=NONCE.encode()), ""),
        ("slack", Response(status=200, body=b'{"challenge":"n0nce"}'), ""),
        ("slack", Response(status=200, body=b'{"challenge":"other"}'), "HTTP 200 without the challenge"),
        ("slack", Response(status=404, body=NONCE.encode()), "HTTP 404"),
        ("zoom", Response(status=200, body=_token(NONCE)), ""),
        ("zoom", Response(status=200, body=_token("other")), "no plainToken in the body"),
        ("zoom", Response(status=200, body=_token(NONCE, "another key")), "the encryptedToken is wrong"),
        ("zoom", Response(status=500, body=_token(NONCE)), "HTTP 500"),
        ("discord", Response(status=200, body=b'{"type":1}'), ""),
        ("discord", Response(status=200, body=b'[{"type":1}]'), "HTTP 200 without PONG"),
        ("discord", Response(status=200, body=b"[" * 200_000), "HTTP 200 without PONG"),
        ("discord", Response(status=401, body=b'{"type":1}'), "HTTP 401"),
        ("cloudevents", Response(status=200, headers=(("webhook-allowed-origin", ORIGIN),)), ""),
        ("cloudevents", Response(status=204, headers=(("webhook-allowed-origin", "*"),)), ""),
        ("cloudevents", Response(status=200), "no WebHook-Allowed-Origin"),
        (
            "cloudevents",
            Response(status=200, headers=(("webhook-allowed-origin", "x.example"),)),
            "WebHook-Allowed-Origin: x.example",
        ),
        ("cloudevents", Response(status=405), "HTTP 405"),
    ],
)
def test_an_answer_is_judged(scheme: str, answer: Response, flaw: str) -> None:
    """What the provider would take is taken, and anything else is named."""
    (handshake,) = [h for h in HANDSHAKES if h.scheme == scheme]

    assert handshake.flaw(answer, NONCE, SECRET) == flaw


def test_a_handshake_belongs_to_a_scheme_and_carries_its_nonce() -> None:
    """Each is asked by the providers of a scheme there is; a question with a body tells the nonce."""
    assert {h.scheme for h in HANDSHAKES} <= {s.name for s in SCHEMES}
    assert all(NONCE.encode() in h.body(NONCE) for h in HANDSHAKES if h.method == "POST")
    assert all(h.scheme != "github" for h in HANDSHAKES)
