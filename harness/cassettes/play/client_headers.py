"""Header values as bytes between the clients that vcrpy patches and a cassette, whose text is their ISO-8859-1.

vcrpy takes the text that each client makes of a value, and hands text back in an encoding of its own: values beyond
ASCII become others, or end the call.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email.message import Message
from typing import Any
from unittest.mock import patch

from vcr.request import Request

from harness.cassettes.store.vcr_messages import text
from harness.cassettes.store.vcr_names import headers_from, httpmessage_from, httpx_stubs, stubs
from harness.http.message import header_bytes


@contextmanager
def exact_headers() -> Iterator[None]:
    """Let every client get the bytes that are recorded, and the cassette those that a client sent or received."""
    aiohttp_stubs: Any = sys.modules.get("vcr.stubs.aiohttp_stubs")
    with ExitStack() as stack:
        stack.enter_context(patch.object(stubs, "parse_headers", _for_http_client))
        stack.enter_context(patch.object(httpx_stubs, "_serialize_headers", _of_httpx_response))
        stack.enter_context(patch.object(httpx_stubs, "_deserialize_headers", _wire))
        stack.enter_context(patch.object(httpx_stubs, "_make_vcr_request", _of_httpx_request))
        if aiohttp_stubs is not None:
            for name, change in (("_serialize_headers", _of_aiohttp), ("_deserialize_headers", _for_aiohttp)):
                changed = change(getattr(aiohttp_stubs, name))
                stack.enter_context(patch.object(aiohttp_stubs, name, changed))
        yield


def _wire(headers: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    return header_bytes((name, text(value)) for name, values in headers.items() for value in _listed(values))


def _listed(values: Any) -> Any:
    return values if isinstance(values, list | tuple) else (values,)


def _for_http_client(headers: Mapping[str, Any]) -> Message:
    """Return headers as `http.client` reads them, and all clients that are built on it."""
    message: Message = httpmessage_from(b"".join(b"%b:%b\r\n" % field for field in _wire(headers)))
    return message


def _of_httpx_response(response: Any) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in response.headers.raw:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return headers


def _of_httpx_request(request: Any, body: Any) -> Request:
    headers: dict[str, str] = {}
    for name, value in ((n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers.raw):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(request.method, str(request.url), body, headers_from(headers.items()))


def _of_aiohttp(serialized: Callable[[Any], dict[str, list[str]]]) -> Callable[[Any], dict[str, list[str]]]:
    """Return what reads the headers of aiohttp, whose text is UTF-8, with what is not UTF-8 escaped."""
    return lambda headers: {
        name: [v.encode(errors="surrogateescape").decode("latin-1") for v in values]
        for name, values in serialized(headers).items()
    }


def _for_aiohttp(deserialized: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda headers: deserialized({name: [_utf8(text(v)) for v in _listed(vs)] for name, vs in headers.items()})


def _utf8(value: str) -> str:
    """Return a value whose bytes are UTF-8 read so; another is left as the text that it is in the cassette."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
