"""An httpx transport that answers from a cassette, without patching anything."""

from __future__ import annotations

import datetime as dt

import httpx
from vcr.request import Request

from harness.cassettes.play.indexed_cassette import IndexedCassette
from harness.cassettes.store.vcr_messages import text
from harness.cassettes.store.vcr_names import HeadersDict, headers_from
from harness.http.message import header_bytes


class ReplayTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers every request from a cassette, for a client that is sync or async; nothing is ever sent."""

    def __init__(self, cassette: IndexedCassette) -> None:
        """``cassette`` raises for a request it does not hold."""
        self._cassette = cassette

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the recorded response; raises `CassetteError` if there is none."""
        return self._answer(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the recorded response; raises `CassetteError` if there is none."""
        return self._answer(request, await request.aread())

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        asked = Request(request.method, str(request.url), body, _headers(request))
        recorded = self._cassette.play_response(asked)
        status = recorded["status"]
        headers = header_bytes((name, text(value)) for name, values in recorded["headers"].items() for value in values)
        content = recorded["body"]["string"] or b""
        reason = {"reason_phrase": status["message"].encode("ascii", "replace")} if status.get("message") else {}
        response = httpx.Response(status["code"], headers=headers, stream=httpx.ByteStream(content), extensions=reason)
        response.elapsed = dt.timedelta()
        if not any(name.lower() == "content-encoding" for name in recorded["headers"]):
            response._content = content  # noqa: SLF001 - it can be streamed still, and need not be put together again
        return response


def _headers(request: httpx.Request) -> HeadersDict:
    """Return the headers in vcrpy's form; of those that stand there twice, the first value."""
    named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    return headers_from(reversed(named))
