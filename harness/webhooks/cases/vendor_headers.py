"""Group A, headers of forgeries: a forgery stays a forgery, whichever headers it has.

One delivery has all kinds of a row. Only where a receiver takes that, each kind is sent by itself, to find the one it
trusts. What may lead a delivery elsewhere, where nobody verifies it, has a row of its own: it would hide the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from harness.errors import EventError
from harness.http.message import Headers, Request
from harness.webhooks.cases.building import Material
from harness.webhooks.cases.forging import carried, forged, untaken, with_headers
from harness.webhooks.cases.receiver_case import ReceiverCase
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


_BROWSER = (
    *(("accept", "text/html,application/xhtml+xml,*/*;q=0.8"), ("x-requested-with", "XMLHttpRequest")),
    *(("x-csrf-token", "1"), ("dnt", "1"), ("upgrade-insecure-requests", "1"), ("sec-fetch-site", "same-origin")),
)
_SUBREQUEST = ":".join(["middleware"] * 5)
"""How Next.js marked requests of its own middleware, CVE-2025-29927."""

Kinds = Mapping[str, Callable[[Scheme], Headers]]


def _page(scheme: Scheme) -> Headers:
    vendor = scheme.name.partition("-")[0]
    host = f"{vendor}.com" if vendor in _VENDORS else "localhost"
    return ("origin", f"https://{host}"), ("referer", f"https://{host}/webhooks")


def _agent(scheme: Scheme) -> Headers:
    return tuple((name.lower(), value) for name, value in SENT.get(scheme.name, ()) if name.lower() == "user-agent")


def _address(scheme: Scheme) -> Headers:
    address = _SENDERS.get(scheme.name)
    return tuple((name, address) for name in _STATING) if address else ()


def _each(*headers: tuple[str, str]) -> Kinds:
    """Return a kind for each header, named as it is written."""
    return {f"{name}: {value}": _any_of(value, name.lower()) for name, value in headers}


def _any_of(value: str, *names: str) -> Callable[[Scheme], Headers]:
    return lambda _: tuple((name, value) for name in names)


KINDS: Kinds = {
    "Authorization": lambda _: (("authorization", "Bearer anybody"),),
    "a cookie": lambda _: (("cookie", "session=1; sessionid=1; token=1; user=1; admin=1"),),
    "Origin and Referer": _page,
    "the number of an account": lambda _: _ACCOUNT,
    "a client certificate": lambda _: _CERTIFICATE,
    "what a browser sends": lambda _: _BROWSER,
    "a subrequest of Next.js": lambda _: (("x-middleware-subrequest", _SUBREQUEST),),
    "the vendor's User-Agent": _agent,
    "an address of the vendor": _address,
}
"""Kinds of headers that a receiver might trust."""
EVENTS = _each(
    *(("X-GitHub-Event", "ping"), ("X-Gitlab-Event", "System Hook"), ("X-Gitea-Event", "push")),
    *(("X-Event-Key", "diagnostics:ping"), ("X-Shopify-Topic", "shop/update"), ("X-WC-Webhook-Topic", "action.ping")),
    *(("CE-Type", "ping"), ("X-Event-Type", "ping"), ("X-Webhook-Event", "ping"), ("X-Event", "ping")),
)
"""Where vendors state the kind of an event: one receiver may serve several of them."""
HANDSHAKES = _each(
    *(("X-Hook-Secret", "example"), ("X-Okta-Verification-Challenge", "example")),
    *(("AEG-Event-Type", "SubscriptionValidation"), ("X-Amz-Sns-Message-Type", "SubscriptionConfirmation")),
    *(("X-Goog-Resource-State", "sync"), ("WebHook-Request-Origin", "localhost")),
)
"""By what receivers recognise a handshake."""
METHODS: Kinds = {"another method": _any_of("GET", "x-http-method-override", "x-method-override", "x-http-method")}
PATHS: Kinds = {
    "another path": _any_of("/health", "x-original-url", "x-rewrite-url", "x-original-uri", "x-forwarded-uri"),
    "another prefix": _any_of("/health", "x-forwarded-prefix", "x-forwarded-path", "x-script-name"),
}
"""What frameworks and gateways take for the path in place of that of the request line."""
HOSTS = _each(("Host", "localhost"))


def _forged_with(kinds: Kinds, m: Material) -> Request:
    own = (m.scheme.header, m.scheme.id_header, m.scheme.type_header)
    stated = tuple(h for headers in kinds.values() for h in headers(m.scheme) if h[0] not in own)
    if not stated:
        raise EventError(f"{', '.join(kinds)}: nothing of that is known for {m.scheme.name}, or it has the signature")
    return with_headers(stated, forged(m))


def _row(row: Callable[..., ReceiverCase], name: str, words: str, kinds: Kinds) -> ReceiverCase:
    parts = tuple((kind, partial(_forged_with, {kind: headers})) for kind, headers in kinds.items())
    return row(
        id=f"forged-with-{name}",
        summary=f"a forgery with {words}",
        source="CWE-290, CWE-807: the sender of a forgery also writes its headers",
        fix="Verify the signature whatever other headers a delivery has: none of them shows who sent it.",
        build=partial(_forged_with, kinds),
        parts=parts if len(parts) > 1 else (),
    )


CASES: tuple[ReceiverCase, ...] = (
    _row(carried, "headers", "headers that a vendor or a user might have", KINDS),
    _row(carried, "event-headers", "the headers in which vendors state the kind of an event", EVENTS),
    _row(untaken, "handshake-headers", "the headers of handshakes", HANDSHAKES),
    _row(untaken, "method-headers", "headers that state another method", METHODS),
    _row(untaken, "path-headers", "headers that state another path", PATHS),
    _row(untaken, "other-host", "localhost as its Host", HOSTS),
)
