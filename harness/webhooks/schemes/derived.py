"""Values that schemes sign in place of the body: digests of it, or the fields of a form."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from harness.openapi.event_bodies import begins_as_json


def _form(body: bytes) -> str:
    if begins_as_json(body):
        return ""
    fields = sorted(set(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
    return "".join(name + value for name, value in fields)


def _content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


DERIVED: Mapping[str, Callable[[bytes], str]] = {
    "body_sha256": lambda body: hashlib.sha256(body).hexdigest(),
    "content_digest": _content_digest,  # RFC 9530
    "form": _form,  # names and values of all fields, sorted by name
}


class Values(dict[str, str]):
    """The values for a template; those derived from the body are computed when the template names them."""

    def __init__(self, body: bytes, given: Mapping[str, str], **more: str) -> None:
        super().__init__(given, **more)
        self._body = body

    def __missing__(self, name: str) -> str:
        return DERIVED[name](self._body)
