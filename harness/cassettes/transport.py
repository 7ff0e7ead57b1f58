"""An httpx transport that answers from a cassette, without patching anything."""

from __future__ import annotations

import httpx
from vcr.request import Request

from harness.cassettes.indexed import IndexedCassette


class ReplayTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers every request from a cassette, for a client that is sync or async; nothing is ever sent."""

    def __init__(self, cassette: IndexedCassette) -> None:
        """``cassette`` raises for a request it does not hold."""
        self._cassette = cassette

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the recorded response; raises `CassetteError` where there is none."""
        return self._answer(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the recorded response; raises `CassetteError` where there is none."""
        return self._answer(request, await request.aread())

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        asked = Request(request.method, str(request.url), body, request.headers)
        recorded = self._cassette.play_response(asked)
        status = recorded["status"]
        return httpx.Response(
            status["code"],
            headers=[(name, value) for name, values in recorded["headers"].items() for value in values],
            stream=httpx.ByteStream(recorded["body"]["string"]),
            extensions={"reason_phrase": status["message"].encode("ascii", "replace")} if status.get("message") else {},
        )
