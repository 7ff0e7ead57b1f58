"""Group A, text: a receiver verifies bytes, so two bodies that are one text have two signatures.

What cannot change what an event means is a recommendation: the libraries of several vendors read bodies as UTF-8 first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial

from harness.errors import EventError
from harness.http.message import Request
from harness.model import Level
from harness.openapi.event_bodies import is_form
from harness.webhooks.cases.building import Material
from harness.webhooks.cases.receiver_case import ReceiverCase, unsigned_body, worded_case
from harness.webhooks.schemes import Scheme

_BOM = b"\xef\xbb\xbf"
_DECOMPOSED = unicodedata.normalize("NFD", "\N{LATIN SMALL LETTER E WITH ACUTE}").encode()


def _read_as(text: Callable[[bytes], bytes], change: Callable[[Material], bytes], m: Material) -> Request:
    """Return a changed body under the signature of what a receiver holds that reads it as ``text`` does."""
    body = change(m)
    return m.signed_as(text(body), body)


def _replaced(body: bytes) -> bytes:
    return body.decode("utf-8", "replace").encode()


def _with_line_breaks(m: Material) -> bytes:
    """Return the body with line breaks around it, as systems of another kind write them."""
    return b"\r\n" + m.body + b"\r\n"


def _composed(body: bytes) -> bytes:
    """Return the body with accented letters composed, and all else as it is; a body may hold bytes that are no text."""
    return body.replace(_DECOMPOSED, unicodedata.normalize("NFC", _DECOMPOSED.decode()).encode())


def _up_to_nul(m: Material) -> Request:
    if is_form(m.event.headers, m.body):  # another field of the same name may count, with the same value
        raise EventError(f"{m.event.name} is a form, whose fields count and not its bytes, which this case changes")
    return m.signed_as(m.body, m.body + b"\0" + m.body)


def _decoded_first(scheme: Scheme) -> str:
    """Return why a receiver must decode the body before it verifies, empty where bytes are signed."""
    why = f"{scheme.name} signs the parameters of a form, which are text, and not its bytes"
    return unsigned_body(scheme) or (why if "{form}" in scheme.signed else "")


_case = partial(
    worded_case,
    item="webhooks.raw-body",
    source="Standard Webhooks, Verifying webhook authenticity: use the raw payload body",
    fix="Verify over the request's bytes. Do not decode them to text first: the text of different bytes can be equal.",
    not_applicable_to=unsigned_body,
)

CASES: tuple[ReceiverCase, ...] = (
    _case(
        id="text-replaced",
        level=Level.SHOULD,
        summary="a byte that is not UTF-8 under the signature of its replacement character",
        source="Unicode Standard, section 3.9: U+FFFD stands for every ill-formed sequence",
        build=partial(_read_as, _replaced, lambda m: m.extended(b"\xff")),
        not_applicable_to=_decoded_first,
    ),
    _case(
        id="text-bom",
        level=Level.SHOULD,
        summary="a byte order mark put before the body after signing",
        source="WHATWG Encoding, UTF-8 decode: the mark is dropped",
        build=lambda m: m.signed_as(m.body, _BOM + m.body),
        not_applicable_to=_decoded_first,
    ),
    _case(
        id="text-line-breaks",
        summary="line breaks that were changed to CR LF after signing",
        build=partial(_read_as, lambda body: body.replace(b"\r\n", b"\n"), _with_line_breaks),
    ),
    _case(
        id="text-composed",
        summary="accented letters that were decomposed after signing",
        source="Unicode Standard Annex 15: NFC and NFD are one text in different bytes",
        build=partial(_read_as, _composed, lambda m: m.extended(_DECOMPOSED)),
    ),
    _case(
        id="text-up-to-nul",
        summary="a NUL byte and more text put behind the body after signing",
        source="CWE-170",
        build=_up_to_nul,
    ),
)
