"""Group A, vendor headers: a forgery stays a forgery, whichever headers of a vendor or of a user it has.

One delivery has all of them. Only where a receiver takes that, each kind is sent by itself, to find the one it trusts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from harness.errors import EventError
from harness.http.message import Headers, Request
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.receiver_case import ReceiverCase, worded_case
from harness.webhooks.schemes import Scheme
from harness.webhooks.schemes.sent_headers import SENT

_VENDORS = {name.partition("-")[0] for name in SENT} | {"paddle", "square", "hubspot", "workos", "mailgun", "trello"}
_ACCOUNT = (
    *(("x-github-hook-id", "292430182"), ("x-github-hook-installation-target-id", "79929171")),
    *(("x-github-hook-installation-target-type", "repository"), ("stripe-account", "acct_1032D82eZvKYlo2C")),
    *(("x-shopify-shop-domain", "example.myshopify.com"), ("x-slack-no-retry", "1")),
    *(("x-account-id", "1"), ("x-tenant-id", "1"), ("x-user-id", "1"), ("x-vendor-id", "1")),
)
_CERTIFICATE = (
    *(("ssl-client-verify", "SUCCESS"), ("x-ssl-client-verify", "SUCCESS"), ("x-client-verify", "SUCCESS")),
    *(("x-ssl-client-s-dn", "CN=localhost"), ("x-forwarded-client-cert", "Subject=CN=localhost")),
)
"""What a gateway states of a client whose certificate it has verified."""
_SENDERS = {"github": "140.82.115.1", "stripe": "3.18.12.63", "paddle": "34.232.58.13"}
"""An address from which a vendor delivers; api.github.com/meta, docs.stripe.com/ips, developer.paddle.com."""
_STATING = ("x-forwarded-for", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")


def _page(scheme: Scheme) -> Headers:
    vendor = scheme.name.partition("-")[0]
    host = f"{vendor}.com" if vendor in _VENDORS else "localhost"
    return ("origin", f"https://{host}"), ("referer", f"https://{host}/webhooks")


def _agent(scheme: Scheme) -> Headers:
    return tuple((name.lower(), value) for name, value in SENT.get(scheme.name, ()) if name.lower() == "user-agent")


def _address(scheme: Scheme) -> Headers:
    address = _SENDERS.get(scheme.name)
    return tuple((name, address) for name in _STATING) if address else ()


KINDS: Mapping[str, Callable[[Scheme], Headers]] = {
    "Authorization": lambda _: (("authorization", "Bearer anybody"),),
    "a cookie": lambda _: (("cookie", "session=1; sessionid=1; token=1; user=1; admin=1"),),
    "Origin and Referer": _page,
    "the number of an account": lambda _: _ACCOUNT,
    "a client certificate": lambda _: _CERTIFICATE,
    "what a browser sends": lambda _: (("x-requested-with", "XMLHttpRequest"), ("x-csrf-token", "1"), ("dnt", "1")),
    "another method": lambda _: tuple((f"x-{name}", "GET") for name in ("http-method-override", "method-override")),
    "the vendor's User-Agent": _agent,
    "an address of the vendor": _address,
}
"""Kinds of headers that a receiver might trust."""


def _forged_with(kinds: tuple[str, ...], m: Material) -> Request:
    stated = [h for kind in kinds for h in KINDS[kind](m.scheme) if h[0] != m.scheme.header]
    if not stated:
        raise EventError(f"{', '.join(kinds)}: nothing of that is known for {m.scheme.name}, or it has the signature")
    built = m.signed(secret=m.scheme.new_secret())
    for name, value in stated:
        built = replaced(built, name, value)
    return built


CASES: tuple[ReceiverCase, ...] = (
    worded_case(
        id="forged-with-headers",
        item="webhooks.signatures",
        summary="a forgery with headers that a vendor or a user might have",
        source="CWE-290, CWE-807: the sender of a forgery also writes its headers",
        fix="Verify the signature whatever other headers a delivery has: none of them shows who sent it.",
        build=partial(_forged_with, tuple(KINDS)),
        parts=tuple((kind, partial(_forged_with, (kind,))) for kind in KINDS),
    ),
)
