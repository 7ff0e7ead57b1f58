"""Forgeries that receivers with one hole take: each signature is recomputed here as such a receiver would."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

import pytest

from harness.http.message import Request, header
from harness.model import Event
from harness.webhooks.cases import Material, case_named
from harness.webhooks.schemes import scheme_named

NOW = 1_790_000_000
URL = "https://receiver.example/hook"
BODY = b'{"id": "evt_0", "type": "x"}'
Sign = Callable[[bytes], bytes]
Hole = Callable[[Request, Sign], str]


def text(*parts: str | bytes) -> bytes:
    return b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)


def in_base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def stamp(request: Request) -> str:
    return header(request.headers, "x-hubspot-request-timestamp")


def parameters(request: Request) -> str:
    return header(request.headers, "signature-input").removeprefix("sig1=")


def base(request: Request, *components: str) -> str:
    values = {
        "@method": request.method,
        "@target-uri": request.url,
        "content-digest": header(request.headers, "content-digest"),
    }
    lines = [f'"{name}": {values[name]}' for name in components]
    return "\n".join([*lines, f'"@signature-params": {parameters(request)}'])


HOLES: dict[tuple[str, str], Hole] = {
    ("square", "unsigned-url"): lambda r, sign: in_base64(sign(r.body)),
    ("square", "other-url"): lambda r, sign: in_base64(sign(text(r.url, "/other", r.body))),
    ("hubspot", "unsigned-method"): lambda r, sign: in_base64(sign(text(r.url, r.body, stamp(r)))),
    ("hubspot", "unsigned-timestamp"): lambda r, sign: in_base64(sign(text("POST", r.url, r.body))),
    ("hubspot", "other-method"): lambda r, sign: in_base64(sign(text("PUT", r.url, r.body, stamp(r)))),
    ("standard-webhooks", "unsigned-id"): lambda r, sign: (
        f"v1,{in_base64(sign(text(header(r.headers, 'webhook-timestamp'), '.', r.body)))}"
    ),
    ("rfc9421", "unsigned-content-digest"): lambda r, sign: (
        f"sig1=:{in_base64(sign(base(r, '@method', '@target-uri').encode()))}:"
    ),
    ("rfc9421", "unsigned-method"): lambda r, sign: (
        f"sig1=:{in_base64(sign(base(r, '@target-uri', 'content-digest').encode()))}:"
    ),
    ("github", "digest-sha1"): lambda r, _: f"sha256={hmac.new(SECRETS['github'], r.body, 'sha1').hexdigest()}",
    ("github", "digest-without-secret"): lambda r, _: f"sha256={hashlib.sha256(r.body).hexdigest()}",
    ("github", "text-up-to-nul"): lambda r, sign: f"sha256={sign(r.body.partition(bytes(1))[0]).hex()}",
    ("github", "text-replaced"): lambda r, sign: f"sha256={sign(r.body.decode('utf-8', 'replace').encode()).hex()}",
    ("github", "text-line-breaks"): lambda r, sign: f"sha256={sign(text(*r.body.split(bytes([13])))).hex()}",
}
"""By scheme and case: what a receiver with that hole computes from what arrives."""
SECRETS: dict[str, bytes] = {}
"""The key of each scheme, while its test runs."""


@pytest.mark.parametrize("scheme_name, case_id", HOLES, ids=lambda value: value)
def test_a_receiver_with_the_hole_takes_the_forgery(
    scheme_name: str, case_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What such a receiver computes is what it is sent, and what a right one computes is not."""
    scheme, case = scheme_named(scheme_name), case_named(case_id)
    assert case is not None
    secret = scheme.new_secret()
    key = base64.b64decode(secret.removeprefix("whsec_")) if scheme.key_form == "whsec" else secret.encode()
    monkeypatch.setitem(SECRETS, scheme_name, key)
    headers = (("content-type", "application/json"), *(((scheme.id_header, "evt_0"),) if scheme.id_header else ()))
    event = Event(name="event", type="x", id="evt_0", body=BODY, headers=headers)
    material = Material(scheme, event, secret, NOW, url=URL)

    assert not case.not_applicable_to(scheme)
    built = case.build(material)
    given = header(built.headers, scheme.header)

    assert given == HOLES[scheme_name, case_id](built, lambda message: hmac.digest(key, message, "sha256"))
    right = scheme.sign(built.body, secret=secret, timestamp=NOW, event_id="evt_0", url=URL)
    assert given != header(right, scheme.header)
