"""Group E, transport: a receiver answers odd requests, and large ones do no harm."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from harness.http.codings import gzipped
from harness.http.message import Request
from harness.model import Level
from harness.openapi.event_bodies import is_form, is_json_event
from harness.webhooks.cases.building import Material, replaced, signed_body
from harness.webhooks.cases.receiver_case import (
    Expected,
    Framing,
    ReceiverCase,
    unauthenticated,
    worded_case,
)

LARGE_BYTES = 8 * 1024 * 1024
LONG_BYTES = 60_000
"""Less than the smallest limit of a common framework, 64 KiB."""

_HTTP = "RFC 9110"
_SIZE = "Limit the size of a body before you read all of it; answer 413 and carry on."
_ODD = "Answer 405, 415 or 400 to a request that cannot be a webhook; never 5xx."


def _large(m: Material) -> bytes:
    readable = is_form(m.event.headers, m.body) or is_json_event(m.event.headers, m.body)
    return m.extended((b"x" if readable else b" ") * LARGE_BYTES)


def _long(m: Material) -> bytes:
    """Return the same event with white space before its last character."""
    m.parsed()  # only in JSON it means nothing
    end = len(m.body.rstrip()) - 1
    return m.body[:end] + b" " * LONG_BYTES + m.body[end:]


def _compressed(m: Material) -> Request:
    return replaced(m.signed(gzipped(m.body)), "content-encoding", "gzip")


def _typed(content_type: str, m: Material) -> Request:
    return replaced(m.signed(), "content-type", content_type)


def _upper(m: Material) -> Request:
    built = m.signed()
    return replace(built, headers=tuple((k.upper(), v) for k, v in built.headers))


_odd = partial(
    worded_case,
    item="webhooks.robust",
    level=Level.SHOULD,
    source=f"{_HTTP} section 15.5",
    expected=Expected.ANSWERED,
    fix=_ODD,
)

CASES: tuple[ReceiverCase, ...] = (
    worded_case(
        id="header-names-upper-case",
        item="webhooks.robust",
        summary="a delivery with header names in upper case",
        source=f"{_HTTP} section 5.1: field names are case-insensitive",
        expected=Expected.ACKNOWLEDGED,
        takes_effect=True,
        fix="Look headers up regardless of case.",
        build=_upper,
    ),
    worded_case(
        id="after-forged",
        item="webhooks.robust",
        summary="a delivery on the connection of a forgery",
        source="CWE-444; RFC 9112 section 9.3: proxies send the requests of many on one connection",
        expected=Expected.ACKNOWLEDGED_OR_CUT,
        fix="Read a body to its end also where you refuse it, or close the connection: what is left of it is taken for "
        "the next request, which may be of another sender.",
        build=Material.signed,
        framing=Framing.AFTER_FORGED,
        not_applicable_to=unauthenticated,
    ),
    worded_case(
        id="long-body",
        item="webhooks.robust",
        level=Level.SHOULD,
        summary=f"a signed event of {LONG_BYTES // 1000} kB",
        source="docs.github.com, Webhook events and payloads: up to 25 MB; docs.stripe.com: whole objects",
        expected=Expected.ACKNOWLEDGED,
        takes_effect=True,
        fix="Accept bodies as large as the provider sends, and read and verify each whole.",
        build=signed_body(_long),
    ),
    worded_case(
        id="large-unsigned",
        item="webhooks.robust",
        summary="an unsigned body of 8 MiB",
        source="CWE-770",
        expected=Expected.ANSWERED_OR_CUT,
        fix=_SIZE,
        build=lambda m: replace(m.carrying(), body=_large(m)),
    ),
    worded_case(
        id="missing-large",
        item="webhooks.signatures",
        summary="a body of 8 MiB without a signature",
        source="CVE-2026-21894, CVE-2023-50728",
        expected=Expected.REFUSED_OR_CUT,
        fix="Verify every body, however large, or refuse it by its size.",
        build=lambda m: replace(m.carrying(), body=_large(m)),
    ),
    worded_case(
        id="large-signed",
        item="webhooks.robust",
        summary="a signed body of 8 MiB",
        source="CWE-770",
        expected=Expected.ANSWERED_OR_CUT,
        fix=_SIZE,
        build=lambda m: m.signed(_large(m)),
    ),
    _odd(
        id="method-get",
        summary="a GET request",
        source=f"{_HTTP} sections 15.5.6 and 15.6.2",
        extra_statuses=(501,),
        build=lambda m: replace(m.carrying(), body=b"", method="GET"),
    ),
    _odd(
        id="method-put",
        summary="a PUT request",
        source=f"{_HTTP} sections 15.5.6 and 15.6.2",
        extra_statuses=(501,),
        build=lambda m: replace(m.signed(), method="PUT"),
    ),
    _odd(
        id="content-type-text",
        summary="a delivery with the content type text/plain",
        build=partial(_typed, "text/plain"),
    ),
    _odd(
        id="content-type-none",
        summary="a delivery without a content type",
        build=lambda m: replaced(m.signed(), "content-type"),
    ),
    _odd(
        id="content-type-garbled",
        summary="a delivery with a garbled content type",
        build=partial(_typed, "application/;=json;;"),
    ),
    _odd(
        id="content-type-charset",
        summary="a delivery with an unknown charset",
        build=partial(_typed, "application/json; charset=klingon"),
    ),
    _odd(
        id="compressed",
        summary="a body compressed with gzip before signing",
        source=f"{_HTTP} section 8.4",
        build=_compressed,
    ),
    _odd(
        id="compressed-badly",
        summary="an uncompressed body declared as gzip",
        source=f"{_HTTP} section 8.4",
        build=lambda m: replaced(m.signed(), "content-encoding", "gzip"),
    ),
    _odd(
        id="in-chunks",
        summary="a body sent in chunks",
        source="RFC 9112 section 7.1",
        build=Material.signed,
        framing=Framing.CHUNKED,
    ),
    _odd(
        id="expect-continue",
        summary="a body sent after Expect: 100-continue",
        source=f"{_HTTP} section 10.1.1",
        build=Material.signed,
        framing=Framing.EXPECT,
        extra_statuses=(417,),
    ),
    _odd(
        id="slow-body",
        level=Level.MUST,
        summary="a body sent in pieces with pauses",
        source="RFC 9112 section 6",
        expected=Expected.ACKNOWLEDGED,
        takes_effect=True,
        fix="Read a body to its end, which its length or its last chunk marks: one read returns only what has arrived.",
        build=Material.signed,
        framing=Framing.SLOW,
    ),
    _odd(
        id="http-1.0",
        summary="a delivery over HTTP/1.0",
        source=f"{_HTTP} section 2.5",
        build=Material.signed,
        framing=Framing.HTTP_1_0,
        extra_statuses=(505,),
    ),
)
