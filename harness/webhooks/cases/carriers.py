"""Group A, carriers: a forgery stays a forgery, whatever carries it and whatever it states about itself.

Each row is a delivery signed with another secret, with another method, path, framing, content type or sender.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode, urlsplit, urlunsplit

from msgspec.structs import replace

from harness.errors import EventError
from harness.http.message import Headers, Request
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.forging import carried, forged, untaken, with_headers
from harness.webhooks.cases.receiver_case import (
    Expected,
    Framing,
    ReceiverCase,
    no_shared_secret,
    without_header,
)
from harness.webhooks.schemes.sent_headers import SENT

_NO_SWITCH = "Leave no switch for tests in the receiver: give it a secret of its own in each environment instead."
_OWN_SECRET = "Read the secret from your own configuration alone, never from the request."  # noqa: S105 - words
_ONE_BY_ONE = "Store what you know about a request with that request, not with its connection or in a shared variable."

_MADE_UP = base64.b64decode("exampleexampleexampleexample") + bytes.fromhex("deadbeefdeadbeefdeadbe")
"""What a stated secret is made of: in base64 and in hexadecimal it shows that it is none, where a receiver logs it."""
_SECRETS = ("secret", "webhook_secret", "signing_secret", "key", "token", "api_key")
_SWITCHES = (
    *("debug", "test", "test_mode", "testing", "dev", "dry_run", "internal", "internal_request", "trusted", "bypass"),
    *("unsafe", "admin", "health_check", "ignore_signature", "skip_validation"),
    *("skip_verification", "skip_verify", "skip_signature", "skip_auth", "no_verify", "noverify"),
)
_ADDRESSES = ("x-forwarded-for", "x-real-ip", "x-client-ip", "x-remote-addr", "true-client-ip", "cf-connecting-ip")
_VENDORS = (value for sent in SENT.values() for name, value in sent if name.lower() == "user-agent")
_AGENTS = (
    ("tool", "tools and browsers", "curl/8.5.0 PostmanRuntime/7.39.0 HTTPie/3.2.2 python-requests/2.32.3 Mozilla/5.0"),
    ("health-check", "health checks", "kube-probe/1.31 ELB-HealthChecker/2.0 GoogleHC/1.0 UptimeRobot/2.0"),
    ("vendor", "vendors", " ".join(_VENDORS)),
)
"""Who names itself in a User-Agent, for the id and the words, and the names: a receiver looks for one of them."""


def _proxied(address: str) -> Headers:
    """Return what proxies state about who sent a request."""
    stated = (("x-forwarded-host", "localhost"), ("forwarded", f"for={address};host=localhost"))
    return (*((name, address) for name in _ADDRESSES), *stated)


def _typed(content_type: str, m: Material) -> Request:
    return replaced(forged(m), "content-type", *filter(None, [content_type]))


def _sent_with(method: str, m: Material) -> Request:
    return replace(forged(m), method=method)


def _signed_twice(m: Material) -> Request:
    built, other = forged(m), forged(m)
    values = (value for each in (built, other) for name, value in each.headers if name.lower() == m.scheme.header)
    return replaced(built, m.scheme.header, *values)


def _at_path(m: Material, *, before: str = "", after: str = "") -> Request:
    built = forged(m)
    parts = urlsplit(built.url)
    path = f"{before}{parts.path or '/'}{after}"
    return replace(built, url=urlunsplit(parts._replace(path=path)))


def _at_changed_path(change: Callable[[str], str], m: Material) -> Request:
    """Return a forgery at a path which a router may take for that of the receiver."""
    built = forged(m)
    parts = urlsplit(built.url)
    if (path := change(parts.path)) == parts.path:
        raise EventError(f"the path of the receiver, {parts.path or '/'}, has no letter, which this case changes")
    return replace(built, url=urlunsplit(parts._replace(path=path)))


def _with_escape(path: str) -> str:
    """Return a path whose last letter is written as an escape (RFC 3986 section 2.1)."""
    return re.sub(r"[A-Za-z](?=[^A-Za-z]*\Z)", lambda letter: f"%{ord(letter[0]):02X}", path)


def _with_headers(headers: Headers, m: Material) -> Request:
    return with_headers(headers, forged(m))


def _in_headers(names: tuple[str, ...], value: str) -> Headers:
    return tuple((f"x-{name.replace('_', '-')}", value) for name in names)


def _asking(m: Material, fields: dict[str, str]) -> Material:
    """Return the material of a delivery whose URL has more fields in its query."""
    return m._replace(url=f"{m.url}{'&' if '?' in m.url else '?'}{urlencode(fields)}")


def _own_secret(m: Material, *, in_query: bool) -> Request:
    """Return a delivery that is signed with a secret which it names itself."""
    own = m.scheme.secret_of(_MADE_UP)
    if in_query:
        return _asking(m, dict.fromkeys(_SECRETS, own)).signed(secret=own)
    return with_headers(_in_headers(_SECRETS, own), m.signed(secret=own))


CASES: tuple[ReceiverCase, ...] = (
    *(
        carried(
            id=f"forged-as-{name}",
            summary=f"a forgery {words}",
            build=partial(_typed, content_type),
        )
        for name, words, content_type in (
            ("text", "with the content type text/plain", "text/plain"),
            ("form", "with the content type of a form", "application/x-www-form-urlencoded"),
            ("multipart", "with the content type multipart/form-data", "multipart/form-data; boundary=forged"),
            ("other-json", "with another content type of JSON", "application/vnd.api+json; charset=utf-8"),
            ("xml", "with the content type application/xml", "application/xml"),
            ("untyped", "without a content type", ""),
        )
    ),
    *(
        carried(id=f"forged-{name}", summary=f"a forgery {words}", build=forged, framing=framing, extra_statuses=more)
        for name, words, framing, more in (
            ("in-chunks", "sent in chunks", Framing.CHUNKED, ()),
            ("http-1.0", "sent over HTTP/1.0", Framing.HTTP_1_0, (505,)),
            ("expect-continue", "sent after Expect: 100-continue", Framing.EXPECT, ()),
        )
    ),
    carried(
        id="forged-after-genuine",
        summary="a forgery on the connection of a genuine delivery",
        source="RFC 9112 section 9.3: each request of a connection stands alone",
        expected=Expected.REFUSED_OR_CUT,
        fix=_ONE_BY_ONE,
        build=forged,
        framing=Framing.AFTER_GENUINE,
    ),
    carried(
        id="forged-signed-twice",
        summary="a forgery with two signature headers",
        source="CWE-235, RFC 9110 section 5.3: a header that may occur once is malformed when it occurs twice",
        build=_signed_twice,
        not_applicable_to=without_header,
    ),
    *(
        untaken(
            id=f"forged-{method.lower()}", summary=f"a forgery sent with {method}", build=partial(_sent_with, method)
        )
        for method in ("PUT", "GET", "PATCH", "DELETE", "HEAD", "OPTIONS")
    ),
    untaken(
        id="forged-at-slash", summary="a forgery at the path with a slash more", build=partial(_at_path, after="/")
    ),
    untaken(
        id="forged-at-double-slash",
        summary="a forgery at the path with its slash doubled",
        build=partial(_at_path, before="/"),
    ),
    *(
        untaken(
            id=f"forged-at-{name}",
            summary=f"a forgery at the path {words}",
            source="CWE-178, RFC 3986 section 6.2.2: routers take such paths for equal, comparisons of text do not",
            build=partial(_at_changed_path, change),
        )
        for name, words, change in (
            ("other-case", "in other capitals", str.swapcase),
            ("escaped-path", "with a letter escaped", _with_escape),
        )
    ),
    *(
        carried(
            id=f"forged-from-{name}",
            summary=f"a forgery whose headers state that it comes from {words}",
            source="CWE-290, CWE-348",
            fix="Take no address in a header for the sender's: a signature is what shows who sent a delivery.",
            build=partial(_with_headers, _proxied(address)),
        )
        for name, words, address in (
            ("within", "the receiver's own machine", "127.0.0.1"),
            ("private-network", "a private network", "10.0.0.1"),
        )
    ),
    *(
        carried(
            id=f"forged-by-{name}",
            summary=f"a forgery with the User-Agent of {words}",
            source="CWE-290: anybody can state a User-Agent",
            fix="Let no User-Agent decide whether you verify; answer health checks at a path of their own.",
            build=partial(_with_headers, (("user-agent", agent),)),
        )
        for name, words, agent in _AGENTS
    ),
    carried(
        id="forged-without-agent",
        summary="a forgery without a User-Agent",
        source="CWE-290: anybody can leave a User-Agent out",
        build=lambda m: replaced(forged(m), "user-agent"),
    ),
    carried(
        id="forged-as-debug-query",
        summary="a forgery with the usual switches of tests in its query",
        source="CWE-489",
        fix=_NO_SWITCH,
        build=lambda m: forged(_asking(m, dict.fromkeys(_SWITCHES, "1"))),
    ),
    *(
        carried(
            id=f"forged-as-{name}",
            summary=f"a forgery with the usual switches of tests {words}",
            source="CWE-489",
            fix=_NO_SWITCH,
            build=partial(_with_headers, _in_headers(_SWITCHES, value)),
        )
        for name, words, value in (
            ("debug-headers", "in its headers", "true"),
            ("debug-numbers", "as 1 in its headers", "1"),
        )
    ),
    *(
        carried(
            id=f"own-secret-in-{place}",
            summary=f"a delivery signed with a secret that it states in its {place}",
            source="CWE-639",
            fix=_OWN_SECRET,
            build=partial(_own_secret, in_query=place == "query"),
            not_applicable_to=no_shared_secret,
        )
        for place in ("query", "headers")
    ),
)
