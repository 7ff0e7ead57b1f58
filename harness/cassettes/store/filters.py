"""What is taken out of a request and a response before they are kept, and before they are looked up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from vcr.filters import decode_response

from harness.http.message import LOOPBACK
from harness.secrets.redaction.redactor import Redactor

Redact = Callable[[str], str]

_DROPPED = ("date", "host", "server")
"""Headers that change with every call or run, and tell a reader nothing."""


def request_filter(redactor: Redactor) -> Callable[[Any], Any]:
    """Return a function that cleans a request of vcrpy in place."""

    def clean(request: Any) -> Any:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _DROPPED}
        media_type, coding = (str(_header(headers, name)) for name in ("content-type", "content-encoding"))
        request.headers = redactor.headers(headers)
        request.uri = redactor.uri(without_port(request.uri))
        body = request.body_bytes  # a file or an iterator that is sent as a body is searched too
        if isinstance(body, bytes):
            content = redactor.body(body, media_type=media_type, coding=coding)
            request.body = [content] if request._was_iter else content  # noqa: SLF001 - vcrpy has no public name for it
            request.headers = _resized(request.headers, body, content)
        return request

    return clean


def response_filter(redactor: Redactor) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that returns a clean copy of a response in vcrpy's form, its body decompressed."""

    def clean(response: dict[str, Any]) -> dict[str, Any]:
        response = decode_response(response)
        headers = {k: v for k, v in response["headers"].items() if k.lower() not in _DROPPED}
        media_type, coding = (str(_header(headers, name)) for name in ("content-type", "content-encoding"))
        body = response["body"]["string"] or b""
        body = body.encode() if isinstance(body, str) else body
        content = redactor.body(body, media_type=media_type, coding=coding, received=True)
        headers = _resized(redactor.headers(headers, received=True), body, content)
        return {**response, "headers": headers, "body": {**response["body"], "string": content}}

    return clean


def _resized(headers: Mapping[str, Any], body: bytes, clean: bytes) -> dict[str, Any]:
    """Return ``headers`` with the length of the body that is kept."""
    if len(body) == len(clean):
        return dict(headers)
    size = str(len(clean))
    return {
        name: ([size] if isinstance(value, list) else size) if name.lower() == "content-length" else value
        for name, value in headers.items()
    }


def _header(headers: Mapping[str, Any], name: str) -> Any:
    """Return a header's first value, empty when there is none."""
    value = next((v for k, v in headers.items() if k.lower() == name), "")
    return (value[0] if value else "") if isinstance(value, list | tuple) else value


def without_port(uri: str) -> str:
    """Drop the port of a loopback address: it is chosen anew in every run."""
    parts = urlsplit(uri)
    if parts.hostname not in LOOPBACK:
        return uri
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return urlunsplit(parts._replace(netloc=host))
