"""Shows an answer of a client to an observer once its body has been read, be it in part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import httpx

from harness.http.message import Exchange, Request, Response

MOST_BYTES = 16 << 20
"""Of a longer body, the observer is shown the beginning."""

AnswerObserver = Callable[[Exchange], None]


def observe_body(response: httpx.Response, observer: AnswerObserver) -> None:
    """Show a response to ``observer`` when it is closed; one that has been read already, at once."""
    if response.is_closed:  # what a test's transport made from its content, which is unpacked
        observer(_exchange(response, response.content, unpacked=True))
        return
    body = _ObservedBody(response, observer)
    response.stream = body


class _ObservedBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of one response, as it arrives."""

    def __init__(self, response: httpx.Response, observer: AnswerObserver) -> None:
        self._inner = response.stream
        self._response = response
        self._observer = observer
        self._read = bytearray()
        self._is_told = False

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._inner, httpx.SyncByteStream)
        for piece in self._inner:
            self._take(piece)
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._inner, httpx.AsyncByteStream)
        async for piece in self._inner:
            self._take(piece)
            yield piece

    def close(self) -> None:
        """Close the body inside, and show what was read."""
        assert isinstance(self._inner, httpx.SyncByteStream)
        self._inner.close()
        self._tell()

    async def aclose(self) -> None:
        """Close the body inside, and show what was read."""
        assert isinstance(self._inner, httpx.AsyncByteStream)
        await self._inner.aclose()
        self._tell()

    def _take(self, piece: bytes) -> None:
        if len(self._read) < MOST_BYTES:
            self._read += piece[: MOST_BYTES - len(self._read)]

    def _tell(self) -> None:
        if not self._is_told:
            self._is_told = True
            self._observer(_exchange(self._response, bytes(self._read), unpacked=False))


def _exchange(response: httpx.Response, body: bytes, *, unpacked: bool) -> Exchange:
    request = Request(method=response.request.method, url=str(response.request.url))
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
    if unpacked:
        headers = tuple((name, value) for name, value in headers if name.lower() != "content-encoding")
    reason = response.reason_phrase
    answer = Response(status=response.status_code, reason=reason, headers=headers, body=body)
    return Exchange(request=request, response=answer)
