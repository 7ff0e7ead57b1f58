"""Recordings as a local server, for clients in any language: bytes made beforehand on a bare asyncio protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from vcr.request import Request as VcrRequest

from harness.cassettes.play.playback import Counts, Playback
from harness.cassettes.play.replay_connection import ReplayConnection, listening
from harness.cassettes.store.recording import Recording
from harness.core.encodable import readable_json
from harness.errors import CassetteError
from harness.http.link_rewriter import LinkRewriter
from harness.http.loopback_server import HOST
from harness.http.message import HOP_BY_HOP, Request, Response
from harness.http.writer import response_bytes
from harness.process.ending_signals import ending_signals

STATE = "/_harness/replay"
"""Path at which the server returns its counts (GET), and restarts (DELETE)."""
MAX_KNOWN = 10_000
MAX_KNOWN_BYTES = 4096
"""How many requests, of how many bytes each, are answered without being read when they come again."""

Check = Callable[[Request], list[str]]


class ReplayServer:
    """Answers requests from a `Playback`."""

    def __init__(
        self,
        playback: Playback,
        *,
        log: Callable[[str], None],
        check: Check | None = None,
        latency_s: float | None = 0.0,
        rewrites_bodies: bool = False,
    ) -> None:
        """``check`` returns how a request breaks the spec; ``latency_s`` None means the recorded latency.

        Links in headers to an origin that was recorded point to this server, and those in bodies where it
        ``rewrites_bodies``. Raises `CassetteError` for a recording that cannot be sent.
        """
        self.playback = playback
        self.log = log
        self._check = check
        self._known: dict[bytes, Sequence[int]] = {}
        self._last: Sequence[int] = ()
        self._rewrites_bodies = rewrites_bodies
        self._answers = [_sendable(recording.response, recording) for recording in playback.recordings]
        self._waits = [r.latency_s or 0.0 if latency_s is None else latency_s for r in playback.recordings]
        self.connections: dict[ReplayConnection, None] = {}

    def listens_on(self, url: str) -> None:
        """Point the links of all recordings to ``url``; called before the first request."""
        recorded = {"://".join(urlsplit(r.request.url)[:2]) for r in self.playback.recordings}
        links = LinkRewriter(recorded, url, relative=True, without_ports=True)
        for number, recording in enumerate(self.playback.recordings):
            response = recording.response
            if self._rewrites_bodies:
                pointing = links.response(response)
            else:
                pointing = msgspec.structs.replace(response, headers=links.headers(response.headers))
            if pointing != response:
                self._answers[number] = _sendable(pointing, recording)

    def again(self, data: bytes) -> tuple[bytes, float] | None:
        """Return the answer and its latency to what was asked in the very same bytes before, else None."""
        found = self._known.get(data)
        if found is None:
            return None
        number = self.playback.serve(found)
        return self._answers[number], self._waits[number]

    def remember(self, data: bytes) -> None:
        """Take ``data`` for the bytes of the request that was answered last, so that `again` knows them."""
        if self._last and not self._check and len(data) <= MAX_KNOWN_BYTES and len(self._known) < MAX_KNOWN:
            self._known[data] = self._last

    def answer(self, request: Request) -> tuple[bytes, float]:
        """Return the answer to a request, and its latency in seconds."""
        self._last = ()
        try:
            return self._answer(request)
        except Exception as exc:  # noqa: BLE001 - the client is told, and the exit status tells it again
            self.playback.counts.failed += 1
            self.log(f"not answered: {request.method} {request.target}: {type(exc).__name__}: {exc}")
            problem = {"title": "The replay server failed", "status": 500, "detail": type(exc).__name__}
            return _problem(problem, request.method), 0.0

    def _answer(self, request: Request) -> tuple[bytes, float]:
        if request.target == STATE:
            return self._state(request.method), 0.0
        headers = {name: value for name, value in request.headers if name.lower() not in HOP_BY_HOP}
        asked = VcrRequest(request.method, f"http://{HOST}{request.target}", request.body, headers)
        for violation in () if self.playback.outgrows(request.body) else self._violations(request):
            self.log(f"breaks the spec: {violation}")
        found, differs = self.playback.find(asked)
        if not found:
            problem = self.playback.miss(asked)
            self.log(f"unmatched: {problem['detail']}")
            return _problem(problem, request.method), 0.0
        if differs:
            self.playback.counts.nearest += 1
            self.log(f"nearest: {differs}")
        else:
            self._last = found
        number = self.playback.serve(found)
        return self._answers[number], self._waits[number]

    def _violations(self, request: Request) -> list[str]:
        found = self._check(request) if self._check else []
        self.playback.counts.violations += bool(found)
        return found

    def _state(self, method: str) -> bytes:
        if method == "DELETE":
            self.playback.rewind()
            return response_bytes(Response(status=204), method=method)
        state = {**msgspec.to_builtins(self.playback.counts), "not served": self.playback.unused()}
        headers = (("content-type", "application/json"),)
        return response_bytes(Response(status=200, headers=headers, body=json.dumps(state).encode()), method=method)


def _problem(problem: dict[str, Any], method: str) -> bytes:
    # 501, since no recording is the server's lack: a 404 could pass for the recorded API's, and 500 invites retries.
    headers = (("content-type", "application/problem+json"), ("cache-control", "no-store"))
    body = readable_json(problem, indent=2)
    response = Response(status=problem["status"], reason=problem["title"], headers=headers, body=body)
    return response_bytes(response, method=method)


def _sendable(response: Response, recording: Recording) -> bytes:
    try:
        return response_bytes(response, method=recording.request.method)
    except ValueError as exc:
        place = f"{recording.place}: " if recording.place else ""
        raise CassetteError(f"{place}The recorded {exc}.") from None


async def _until_signal(server: ReplayServer, port: int, started: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    for number in ending_signals():
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with listening(server, port) as url:
        started(url)
        await ended.wait()


def serve(server: ReplayServer, *, port: int, started: Callable[[str], None]) -> Counts:
    """Serve on loopback until Ctrl-C, SIGTERM or the end of the terminal; return the counts.

    ``started`` is called with the URL once requests are answered. Raises `ConfigurationError` for a port that is taken.
    """
    asyncio.run(_until_signal(server, port, started))
    return server.playback.counts
