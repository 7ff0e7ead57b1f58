"""Which recordings answer a request: those of the very same, else those of one that differs in its secrets alone."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Sequence
from typing import Any

from vcr.request import Request

from harness.cassettes.play.request_index import RequestIndex
from harness.cassettes.store.filters import request_filter
from harness.cassettes.store.vcr_messages import body_bytes, text
from harness.errors import CassetteError
from harness.secrets.redaction.redactor import Redactor

_PLACEHOLDER = re.compile(r"(?:\[|%5B)REDACTED.{0,200}?(?:\]|%5D)", re.IGNORECASE)
_OWN = re.compile(r"(?:\[|%5B)REDACTED(?: |\+|%20)")
"""That of the harness names the secret, others may have the word."""
_BLANK = "REDACTED"
Bucket = tuple[Hashable | None, Sequence[int]]
"""Numbers of recordings in order, and a name for how far they were played, if there is one."""


class RecordedRequests:
    """Finds recordings in four ways, the strictest first; the first that finds any decides.

    1. The very same request, as another tool or `harness record` may have stored it.
    2. The same once secrets are replaced, as it is stored here.
    3. The same once each secret is blank on both sides: other secrets, or the placeholders of another tool.
    4. The same without the secrets that were sent, where the recording has none: other tools leave them out.
    """

    def __init__(self, index: RequestIndex, redactor: Redactor, *, any_secret: bool) -> None:
        """``index`` compares requests, and ``redactor`` replaces secrets as it does in what is stored.

        Its placeholders distinguish the secrets of one field; with ``any_secret``, they too stand for every one.
        """
        self._index = index
        self._any_secret = any_secret
        self._own: set[int] = set()
        """Which recordings have a placeholder of the redactor, and are found in no way but the first two."""
        self._clean, self._blank = request_filter(redactor), request_filter(redactor.blank())
        self._blanked: RequestIndex | None = None
        self._recorded: list[Request] = []

    def add(self, request: Request) -> None:
        """Take in the next recorded request; its number is how many came before."""
        self._index.add(request)
        if self._blanked is None:
            self._recorded.append(request)

    def bucket(self, request: Request) -> Bucket:
        """Return the recordings that answer ``request``."""
        found = _accepted(self._index, request, "exact")
        if found[1]:
            return found
        found = _accepted(self._index, self._clean(request), "redacted")
        return found if found[1] else self._without_secrets(request)

    def _without_secrets(self, request: Request) -> Bucket:
        index = self._blank_index()
        blanked = _blanked(self._blank(request))
        found = self._foreign(_accepted(index, blanked, "blank"))
        return found if found[1] else self._foreign(_accepted(index, _without_blanks(blanked), "without"))

    def _foreign(self, bucket: Bucket) -> Bucket:
        return (None, [i for i in bucket[1] if i not in self._own]) if self._own else bucket

    def _blank_index(self) -> RequestIndex:
        """Return the requests that were recorded before the first was not found, each secret blank in them."""
        if self._blanked is None:
            self._blanked = RequestIndex(self._index.match_on)
            for number, request in enumerate(self._recorded):
                if not self._any_secret and _has_placeholder(request):
                    self._own.add(number)
                try:
                    self._blanked.add(_blanked(self._blank(request)))
                except CassetteError:  # it cannot be searched
                    self._blanked.add(request)
        return self._blanked


def _accepted(index: RequestIndex, request: Request, way: str) -> Bucket:
    """Return what an index has for a request; ``way`` distinguishes the cursors of several."""
    cursor, numbers = index.bucket(request)
    if index.others:
        return None, list(index.accepted(request, numbers))
    return (cursor if cursor is None else (way, cursor)), numbers


def _has_placeholder(request: Request) -> bool:
    texts = (request.uri, body_bytes(request).decode("latin-1"), *map(text, request.headers.values()))
    return any(map(_OWN.search, texts))


def _blanked(request: Request) -> Request:
    content = _blank_text(body_bytes(request).decode("latin-1")).encode("latin-1")
    headers = {name: _blank_text(text(value)) for name, value in request.headers.items()}
    return Request(request.method, _blank_text(request.uri), content, headers)


def _blank_text(value: str) -> str:
    return _PLACEHOLDER.sub(_BLANK, value)


def _without_blanks(request: Request) -> Request:
    """Return a request without the fields that are blank: in its query, headers, and body of a form or of JSON."""
    address, mark, query = request.uri.partition("?")
    query = _form_without_blanks(query)
    headers = {name: value for name, value in request.headers.items() if _BLANK not in value}
    body = body_bytes(request).decode("latin-1")
    try:
        body = json.dumps(_json_without_blanks(json.loads(body))) if _BLANK in body else body
    except (ValueError, RecursionError):
        body = _form_without_blanks(body)
    return Request(request.method, address + mark * bool(query) + query, body.encode("latin-1"), headers)


def _form_without_blanks(form: str) -> str:
    return "&".join(field for field in form.split("&") if field.partition("=")[2] != _BLANK)


def _json_without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json_without_blanks(member) for name, member in value.items() if member != _BLANK}
    return [_json_without_blanks(item) for item in value] if isinstance(value, list) else value
