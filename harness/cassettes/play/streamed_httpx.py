"""Live responses to httpx, and to the clients that share its transports, while they are recorded."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from harness.cassettes.play.passing_response import PassingResponse
from harness.cassettes.store.vcr_names import httpx_stubs
from harness.http.client import WHOLE_WITHIN_S


@contextmanager
def streamed_httpx() -> Iterator[None]:
    """Hand each piece of a response to the client as it comes: vcrpy waits for the end."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(httpx_stubs, "_vcr_handle_request", _handle))
        stack.enter_context(patch.object(httpx_stubs, "_vcr_handle_async_request", _handle_async))
        yield


def _handle(cassette: Any, send: Any, transport: Any, request: Any, httpx: Any) -> Any:
    body = b"".join(request.stream)
    request.stream = httpx.ByteStream(body)
    asked, played = httpx_stubs._vcr_request(cassette, request, body, httpx)  # noqa: SLF001
    if played is not None:
        return played
    request.extensions = _bounded(request.extensions)
    response = send(transport, request)
    passing = _passing(cassette, asked, response)
    if response.is_closed:  # it came whole, as from `httpx.MockTransport`: nobody reads its stream
        passing.take(b"".join(response.stream))
        passing.finish()
    else:
        response.stream = _sync_kind(httpx)(response.stream, passing)
    return response


async def _handle_async(cassette: Any, send: Any, transport: Any, request: Any, httpx: Any) -> Any:
    body = b"".join([piece async for piece in request.stream])
    request.stream = httpx.ByteStream(body)
    asked, played = httpx_stubs._vcr_request(cassette, request, body, httpx)  # noqa: SLF001
    if played is not None:
        return played
    request.extensions = _bounded(request.extensions)
    response = await send(transport, request)
    passing = _passing(cassette, asked, response)
    if response.is_closed:
        passing.take(b"".join([piece async for piece in response.stream]))
        passing.finish()
    else:
        response.stream = _async_kind(httpx)(response.stream, passing)
    return response


def _passing(cassette: Any, asked: Any, response: Any) -> PassingResponse:
    return PassingResponse(cassette, asked, httpx_stubs._serialize_response(response, b""))  # noqa: SLF001


def _bounded(extensions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extensions of a request that no silence of the server outlasts."""
    given = {"connect": None, "read": None, "write": None, "pool": None, **extensions.get("timeout", {})}
    return {**extensions, "timeout": {k: WHOLE_WITHIN_S if v is None else v for k, v in given.items()}}


class _SyncBody:
    """A body that is recorded as it is read; what its client leaves unread is read when it closes."""

    def __init__(self, inner: Any, passing: PassingResponse) -> None:
        self._inner, self._passing, self._pieces = inner, passing, iter(inner)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self._passing.take(piece)
                yield piece
        except Exception:
            self._passing.fail()
            raise
        self._passing.finish()

    def close(self) -> None:
        whole = not self._passing.is_stream
        if whole and self._passing.open:
            self._passing.hasten()
            whole = self._drained()
        self._inner.close()
        self._passing.finish(whole=whole)

    def _drained(self) -> bool:
        try:
            for piece in self._pieces:
                self._passing.take(piece)
        except Exception:  # noqa: BLE001 - the client has what it wanted
            return False
        return True


class _AsyncBody:
    """The same for coroutines."""

    def __init__(self, inner: Any, passing: PassingResponse) -> None:
        self._inner, self._passing, self._pieces = inner, passing, aiter(inner)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._pieces:
                self._passing.take(piece)
                yield piece
        except Exception:
            self._passing.fail()
            raise
        self._passing.finish()

    async def aclose(self) -> None:
        whole = not self._passing.is_stream
        if whole and self._passing.open:
            self._passing.hasten()
            whole = await self._drained()
        await self._inner.aclose()
        self._passing.finish(whole=whole)

    async def _drained(self) -> bool:
        try:
            async for piece in self._pieces:
                self._passing.take(piece)
        except Exception:  # noqa: BLE001 - the client has what it wanted
            return False
        return True


@functools.cache
def _sync_kind(httpx: Any) -> Any:
    """Return `_SyncBody` as a stream of httpx, or of a package that shares its form."""
    return type("RecordedStream", (_SyncBody, httpx.SyncByteStream), {})


@functools.cache
def _async_kind(httpx: Any) -> Any:
    return type("RecordedAsyncStream", (_AsyncBody, httpx.AsyncByteStream), {})
