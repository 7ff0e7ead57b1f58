"""Group A, the raw body: a receiver verifies the bytes exactly as they were sent."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from msgspec.structs import replace

from harness.http.message import Request
from harness.model import Level
from harness.webhooks.cases.building import Material, signed_body, signed_document
from harness.webhooks.cases.receiver_case import Expected, ReceiverCase, unsigned_body, worded_case
from harness.webhooks.rewriting import reversed_members

_SOURCE = "Standard Webhooks, Verifying webhook authenticity: use the raw payload body"
_FIX = "Verify over the request's bytes as they arrive, before any middleware parses them; parse only afterwards."


def _as_json(m: Material) -> bytes:
    """Return the body unchanged; raises `EventError` where it is not JSON, so that added white space would matter."""
    m.parsed()
    return m.body


def _indented(m: Material) -> bytes:
    return json.dumps(m.parsed(), indent=3).encode()


def _escaped(m: Material) -> bytes:
    """Return the body with every vowel inside a string written as an escape."""
    escapes = {ord(c): f"\\u{ord(c):04x}" for c in "aeiou"}

    def written(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(written, value)) + "]"
        return json.dumps(value).translate(escapes) if isinstance(value, str) else json.dumps(value)

    return written(m.parsed()).encode()


def _with_numbers(m: Material) -> bytes:
    """Return the body with an extra member of numbers that few libraries write as they read them."""
    return m.compact(more=b'"extra":[1.0,1e3,18446744073709551616,0.1e-6,-0]')


def _compact_signature(m: Material) -> Request:
    return m.signed_as(m.compact(), _indented(m))


def _spaced_signature(m: Material) -> Request:
    return m.signed_as(json.dumps(m.parsed()).encode(), _indented(m))


def _padded(before: bytes, after: bytes, m: Material) -> Request:
    return replace(m.signed(), body=before + m.body + after)


_accepted = partial(
    worded_case,
    item="webhooks.raw-body",
    source=_SOURCE,
    fix=_FIX,
    expected=Expected.ACKNOWLEDGED,
    takes_effect=True,
)
_refused = partial(worded_case, item="webhooks.raw-body", source=_SOURCE, fix=_FIX, not_applicable_to=unsigned_body)

CASES: tuple[ReceiverCase, ...] = (
    _accepted(id="raw-compact", summary="signed JSON without white space", build=signed_body(Material.compact)),
    _accepted(id="raw-indented", summary="signed JSON with indentation", build=signed_body(_indented)),
    _accepted(
        id="raw-crlf",
        summary="signed JSON with CR LF line endings",
        build=signed_body(lambda m: _indented(m).replace(b"\n", b"\r\n")),
    ),
    _accepted(
        id="raw-reordered",
        summary="signed JSON with its members in another order",
        build=signed_document(reversed_members),
    ),
    _accepted(id="raw-escaped", summary="signed JSON with letters written as \\u escapes", build=signed_body(_escaped)),
    _accepted(
        id="raw-padded",
        summary="signed JSON with white space around it",
        build=signed_body(lambda m: b" \n" + _as_json(m) + b"\r\n "),
    ),
    _accepted(
        id="raw-unicode",
        takes_effect=False,
        level=Level.SHOULD,
        summary="signed JSON with emoji and accented letters",
        build=signed_document(lambda d: {**d, "extra": "\N{ROCKET} \N{LATIN SMALL LETTER E WITH ACUTE}\u2028"}),
    ),
    _accepted(
        id="raw-numbers",
        takes_effect=False,
        level=Level.SHOULD,
        summary="signed JSON with numbers such as 1.0, 1e3 and 2^64",
        build=signed_body(_with_numbers),
    ),
    _refused(
        id="trailing-space",
        summary="a body with a space added at its end after signing",
        build=partial(_padded, b"", b" "),
    ),
    _refused(
        id="trailing-newline",
        summary="a body with a line break added at its end after signing",
        build=partial(_padded, b"", b"\n"),
    ),
    _refused(
        id="leading-space",
        summary="a body with a space added at its start after signing",
        build=partial(_padded, b" ", b""),
    ),
    _refused(
        id="reserialised", summary="a signature made over the JSON without its white space", build=_compact_signature
    ),
    _refused(id="respaced", summary="a signature made over the JSON with other white space", build=_spaced_signature),
)
