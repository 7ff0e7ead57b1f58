"""Where the requests of a client have their idempotency keys: in a header, else in a member of the body."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl

import msgspec

from harness.core.idempotency_names import KEY_HEADERS, is_key_member
from harness.http.message import Request, is_json

MOST_READ = 1 << 20
"""Bytes: a longer body is searched for no key."""
_FORM = "application/x-www-form-urlencoded"


class KeyPlaces(msgspec.Struct, frozen=True):
    """The headers in which a key is looked for first, and how a key is read from a request."""

    headers: Sequence[str] = KEY_HEADERS

    def key_in(self, request: Request) -> str:
        """Return the key of a request, empty where it has none."""
        named = next((key for name in self.headers if (key := request.header(name))), "")
        return named or _member_in(request)[1]

    def digest_of(self, request: Request) -> str:
        """Return the SHA-256 of a body without the key in it: calls that differ in their keys alone have the same."""
        name, key = _member_in(request)
        at = request.body.find(name.encode()) if key else -1
        if at < 0:
            return request.digest
        rest = request.body[at:].replace(key.encode(), b"", 1)
        return hashlib.sha256(request.body[:at] + rest).hexdigest()


ANY_KEY = KeyPlaces()
"""Where keys are unless harness.toml names a header."""


def _member_in(request: Request) -> tuple[str, str]:
    """Return name and value of the member of a body that is the key; both are empty where there is none."""
    if not request.body or len(request.body) > MOST_READ:
        return "", ""
    found = ((name, value) for name, value in _members_of(request) if value and is_key_member(name))
    return next(found, ("", ""))


def _members_of(request: Request) -> Iterator[tuple[str, str]]:
    """Yield the members of a body that are texts: of a form, or at the top of JSON."""
    content_type = request.header("content-type")
    if content_type.lower().startswith(_FORM):
        yield from parse_qsl(request.body.decode("latin-1"))
    elif is_json(content_type):
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            return
        yield from ((name, v) for name, v in body.items() if isinstance(v, str)) if isinstance(body, dict) else ()
