"""What is removed from a request and a response before they are stored or looked up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from vcr.request import Request

from harness.cassettes.store.vcr_messages import VcrResponse, body_bytes, plain, response_of, text, vcr_response
from harness.http.codings import CodingError
from harness.http.content import coding_of
from harness.http.message import LOOPBACK, header
from harness.secrets.redaction.redactor import Redactor, unsearchable

Redact = Callable[[str], str]

_DROPPED = ("date", "host", "server")
"""Headers that change with every call or run, and are of no use to a reader."""


def request_filter(redactor: Redactor) -> Callable[[Request], Request]:
    """Return a function that returns a clean copy of a request of vcrpy, its body one piece of bytes.

    It raises `CassetteError` for a body that cannot be searched.
    """

    def clean(request: Request) -> Request:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _DROPPED}
        sent = tuple((name, text(value)) for name, value in headers.items())
        body = body_bytes(request)
        content = redactor.body(body, media_type=header(sent, "content-type"), coding=coding_of(sent))
        uri = redactor.uri(without_port(request.uri))
        return Request(request.method, uri, content, _resized(redactor.headers(headers), body, content))

    return clean


def response_filter(redactor: Redactor) -> Callable[[VcrResponse], VcrResponse]:
    """Return a function that returns a clean copy of a response in vcrpy's form, its body decompressed.

    It raises `CassetteError` for a body that cannot be searched.
    """

    def clean(response: VcrResponse) -> VcrResponse:
        try:
            found = plain(response_of(response))
        except CodingError as exc:
            raise unsearchable(exc) from None
        headers = {k: v for k, v in vcr_response(found)["headers"].items() if k.lower() not in _DROPPED}
        content = redactor.body(found.body, media_type=found.header("content-type"), received=True)
        headers = _resized(redactor.headers(headers, received=True), found.body, content)
        return {**response, "headers": headers, "body": {**response["body"], "string": content}}

    return clean


def _resized(headers: Mapping[str, Any], body: bytes, clean: bytes) -> dict[str, Any]:
    """Return ``headers`` with the length of the body that is stored."""
    if len(body) == len(clean):
        return dict(headers)
    size = str(len(clean))
    return {
        name: ([size] if isinstance(value, list) else size) if name.lower() == "content-length" else value
        for name, value in headers.items()
    }


def without_port(uri: str) -> str:
    """Drop the port of a loopback address: it changes with every run."""
    parts = urlsplit(uri)
    if parts.hostname not in LOOPBACK:
        return uri
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return urlunsplit(parts._replace(netloc=host))
