"""Encodes aiohttp's bodies before vcrpy reads them, so that vcrpy sees the bytes that are sent."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

_MAX_BYTES = 2**20
"""Bytes from which aiohttp warns of a body that is no stream."""


class _Collector:
    """What a body of aiohttp writes itself into."""

    def __init__(self) -> None:
        self.content = bytearray()

    async def write(self, chunk: bytes) -> None:
        self.content += chunk


@contextmanager
def encoded_bodies() -> Iterator[None]:
    """Let `aiohttp.ClientSession` encode ``json=`` and ``data=``, with their Content-Type, before vcrpy sees them.

    It is entered after vcrpy has put its own function in the place of aiohttp's.
    """
    aiohttp: Any = sys.modules.get("aiohttp")  # vcrpy imports it wherever it is installed
    if aiohttp is None:
        yield
        return
    send = aiohttp.ClientSession._request  # noqa: SLF001 - what vcrpy replaces too

    @functools.wraps(send)
    async def request(session: Any, method: str, url: Any, **options: Any) -> Any:
        return await send(session, method, url, **await _encoded(aiohttp, session, options))

    with patch.object(aiohttp.ClientSession, "_request", request):
        yield


async def _encoded(aiohttp: Any, session: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a request with its body as bytes, encoded as aiohttp would do it."""
    payload = _payload(aiohttp, session, options)
    if payload is None:
        return options
    collector = _Collector()
    await payload.write(collector)
    content = bytes(collector.content)
    given = session._prepare_headers(options.get("headers"))  # noqa: SLF001 - the session's own and the call's
    skipped = {str(name).lower() for name in options.get("skip_auto_headers") or ()}
    if "content-type" not in given and "content-type" not in skipped:
        given["Content-Type"] = payload.headers["Content-Type"]
    body = content if len(content) < _MAX_BYTES else io.BytesIO(content)
    return {**options, "headers": given, "data": body, "json": None}


def _payload(aiohttp: Any, session: Any, options: Mapping[str, Any]) -> Any:
    """Return the body that aiohttp makes of ``json=`` or ``data=``; None for none, bytes, and async iterators."""
    data, document = options.get("data"), options.get("json")
    if document is not None:
        if data is not None:
            return None  # refused by vcrpy as by aiohttp
        return aiohttp.JsonPayload(document, dumps=session._json_serialize)  # noqa: SLF001
    if data is None or isinstance(data, bytes | bytearray | memoryview) or hasattr(data, "__aiter__"):
        return None
    if isinstance(data, aiohttp.FormData):
        data = data()
    try:
        return aiohttp.payload.PAYLOAD_REGISTRY.get(data, disposition=None)
    except aiohttp.payload.LookupError:
        return aiohttp.FormData(data)()
