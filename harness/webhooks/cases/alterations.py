"""Alterations: what a delivery has after it was signed, and the signature of another event."""

from __future__ import annotations

import re

from harness.core.pointers import with_key
from harness.errors import EventError
from harness.http.message import Request
from harness.openapi.event_bodies import begins_as_json
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.receiver_case import unsigned_body
from harness.webhooks.id_places import id_places
from harness.webhooks.json_spans import edited
from harness.webhooks.schemes import Scheme
from harness.webhooks.schemes.body_signature import BodySignature

_LAST_OF_TEXT = re.compile(
    rb'(?<!\\)[0-9a-z](?="\s*[,}\]])|(?<!%)(?<!%[0-9a-f])[0-9a-z](?=%22(?:%20|\+)*(?:[,}\]]|%2C|%7D|%5D))'
    rb"|[0-9a-z](?=\s*</)",
    re.IGNORECASE,
)
"""The last character of a value: of JSON, of JSON in a form, of XML."""
_LAST_OF_NUMBER = re.compile(rb"[0-9](?=\s*[,}\]])")


def other_event(m: Material) -> str:
    """Return the right signature of another event."""
    if m.scheme.within:
        return m.signature(altered(m))
    return m.signature(m.body.replace(b"{", b'{"other":1,', 1) if begins_as_json(m.body) else b"other=1&" + m.body)


def altered(m: Material) -> bytes:
    """Return the body with one character changed, so that it can still be read, else with one more.

    Where only fields of it are signed, it is the last character of one of those.
    """
    if m.scheme.within:
        return _altered_field(m, m.scheme.within)
    places = ([found.start() for found in pattern.finditer(m.body)] for pattern in (_LAST_OF_TEXT, _LAST_OF_NUMBER))
    at = next((found[-1] for found in places if found), None)
    if at is None:
        return m.body + b"0"
    return m.body[:at] + (b"0" if m.body[at : at + 1] != b"0" else b"1") + m.body[at + 1 :]


def _altered_field(m: Material, within: BodySignature) -> bytes:
    body = m.signed().body
    place = next((each for key in within.keys(body) for each in id_places(m.event.headers, body, key)), None)
    if place is None:
        raise EventError(f"{m.event.name} has none of the fields that {m.scheme.name} signs, which this case changes")
    changed = place.value[:-1] + ("0" if place.value[-1] != "0" else "1")
    return edited(body, [(place.start, place.end, place.write(changed))])


def unsigned_content(scheme: Scheme) -> str:
    """Return why changed content goes unnoticed, empty where the scheme signs the body or fields of it."""
    return "" if scheme.within else unsigned_body(scheme)


def retyped(m: Material, kind: str, *, secret: str | None = None) -> Request:
    """Return a delivery that states another type, in its header or body, signed as sent."""
    if m.scheme.type_header:
        return replaced(m.signed(secret=secret), m.scheme.type_header, kind)
    try:
        return m.signed(m.compact(with_key(m.document(), m.type_key.removeprefix("0."), kind)), secret=secret)
    except LookupError:
        raise EventError(f"{m.event.name} has no event type, which this case changes") from None
