"""What is taken out of a request and a response before they are kept, and before they are looked up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from vcr.filters import decode_response

Redact = Callable[[str], str]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Headers whose values are credentials or change with every call; they are kept out of the file and out of matching.
_DROPPED = ("authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key", "date", "host", "server")


def request_filter(redact: Redact) -> Callable[[Any], Any]:
    """Return a function that cleans a request of vcrpy in place."""

    def clean(request: Any) -> Any:
        request.headers = {k: v for k, v in request.headers.items() if k.lower() not in _DROPPED}
        request.uri = redact(without_port(request.uri))
        request.body = _redacted(request.body, redact)
        return request

    return clean


def response_filter(redact: Redact) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that returns a clean copy of a response in vcrpy's form, its body decompressed."""

    def clean(response: dict[str, Any]) -> dict[str, Any]:
        response = decode_response(response)
        headers = {k: v for k, v in response["headers"].items() if k.lower() not in _DROPPED}
        body = {**response["body"], "string": _redacted(response["body"]["string"], redact)}
        return {**response, "headers": headers, "body": body}

    return clean


def _redacted(body: Any, redact: Redact) -> Any:
    if isinstance(body, str):
        return redact(body)
    if isinstance(body, bytes):
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return body  # the scan at the end of the run looks into binary bodies
        return redact(text).encode()
    return body


def without_port(uri: str) -> str:
    """Drop the port of a loopback address: it is chosen anew in every run."""
    parts = urlsplit(uri)
    if parts.hostname not in LOOPBACK:
        return uri
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return urlunsplit(parts._replace(netloc=host))
