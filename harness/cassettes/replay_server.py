"""Recordings as a local server, for clients in any language: bytes made beforehand on a bare asyncio protocol."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import msgspec
from vcr.request import Request

from harness.cassettes.http1 import (
    HOP_BY_HOP,
    BadRequestError,
    Incoming,
    awaits_go_ahead,
    recorded_bytes,
    response_bytes,
    take,
)
from harness.cassettes.playback import Counts, Playback
from harness.errors import ConfigurationError

HOST = "127.0.0.1"
STATE = "/_harness/replay"
"""Path at which the server tells its counts (GET), and begins anew (DELETE)."""
MAX_KNOWN = 10_000
MAX_KNOWN_BYTES = 4096
"""How many requests, of how many bytes each, are answered without being read when they come again."""

Check = Callable[[Incoming], list[str]]


class ReplayServer:
    """Answers requests from a `Playback`."""

    def __init__(
        self,
        playback: Playback,
        *,
        log: Callable[[str], None],
        check: Check | None = None,
        latency_s: float | None = 0.0,
    ) -> None:
        """``check`` returns how a request breaks the spec; ``latency_s`` None stands for the recorded latency.

        Raises `CassetteError` for a recording that cannot be sent.
        """
        self.playback = playback
        self.log = log
        self._check = check
        self._known: dict[bytes, Sequence[int]] = {}
        self._last: Sequence[int] = ()
        self._answers = [
            recorded_bytes(r.response, method=r.request.method, uri=r.request.uri) for r in playback.recordings
        ]
        self._waits = [r.latency_s or 0.0 if latency_s is None else latency_s for r in playback.recordings]
        self.connections: set[asyncio.Transport] = set()

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

    def answer(self, incoming: Incoming) -> tuple[bytes, float]:
        """Return the answer to a request, and its latency in seconds."""
        self._last = ()
        try:
            return self._answer(incoming)
        except Exception as exc:  # noqa: BLE001 - the client is told, and the exit status tells it again
            self.playback.counts.failed += 1
            self.log(f"not answered: {incoming.method} {incoming.path}: {type(exc).__name__}: {exc}")
            problem = {"title": "The replay server failed", "status": 500, "detail": type(exc).__name__}
            return _problem(problem, incoming.method), 0.0

    def _answer(self, incoming: Incoming) -> tuple[bytes, float]:
        if incoming.path == STATE:
            return self._state(incoming.method), 0.0
        for violation in self._violations(incoming):
            self.log(f"breaks the spec: {violation}")
        headers = {name: value for name, value in incoming.headers if name.lower() not in HOP_BY_HOP}
        request = Request(incoming.method, f"http://{HOST}{incoming.path}", incoming.body, headers)
        found, differs = self.playback.find(request)
        if not found:
            problem = self.playback.miss(request)
            self.log(f"unmatched: {problem['detail']}")
            return _problem(problem, incoming.method), 0.0
        if differs:
            self.playback.counts.nearest += 1
            self.log(f"nearest: {differs}")
        elif not incoming.close:
            self._last = found
        number = self.playback.serve(found)
        return self._answers[number], self._waits[number]

    def _violations(self, incoming: Incoming) -> list[str]:
        found = self._check(incoming) if self._check else []
        self.playback.counts.violations += bool(found)
        return found

    def _state(self, method: str) -> bytes:
        if method == "DELETE":
            self.playback.rewind()
            return response_bytes(204, "No Content", [], b"", method=method)
        state = {**msgspec.to_builtins(self.playback.counts), "not served": self.playback.unused()}
        headers = [("content-type", "application/json")]
        return response_bytes(200, "OK", headers, json.dumps(state).encode(), method=method)


def _problem(problem: dict[str, Any], method: str) -> bytes:
    # 501, since no recording is the server's lack: a 404 could pass for the recorded API's, and 500 invites retries.
    headers = [("content-type", "application/problem+json"), ("cache-control", "no-store")]
    body = json.dumps(problem, indent=2, ensure_ascii=False).encode()
    return response_bytes(problem["status"], problem["title"], headers, body, method=method)


class _Connection(asyncio.Protocol):
    """One client's connection: requests are answered one after another, in order."""

    def __init__(self, server: ReplayServer) -> None:
        self._server = server
        self._buffer = bytearray()
        self._waiting = False
        self._told = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._server.connections.discard(self._transport)

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._buffer or self._waiting:
            self._buffer += data
            self._drain()
            return
        quick = self._server.again(data)
        if quick is not None:
            self._send(*quick, close=False)
            return
        self._buffer += data
        if self._drain() == 1 and not self._buffer:
            self._server.remember(data)

    def _drain(self) -> int:
        """Answer what has come whole; return how many requests that was."""
        answered = 0
        while self._buffer and not self._waiting:
            try:
                incoming = take(self._buffer)
            except BadRequestError as exc:
                self._server.log(f"refused: {exc.status.value} {exc.status.phrase}")
                self._refuse(exc.status)
                return 0
            if incoming is None:
                if not self._told and awaits_go_ahead(self._buffer):
                    self._told = True
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                break
            self._told = False
            self._send(*self._server.answer(incoming), close=incoming.close)
            answered += 1
        return answered

    def _send(self, answer: bytes, wait_s: float, *, close: bool) -> None:
        if not wait_s:
            self._finish(answer, close=close)
            return
        self._waiting = True
        asyncio.get_running_loop().call_later(wait_s, self._later, answer, close)

    def _later(self, answer: bytes, close: bool) -> None:  # noqa: FBT001 - called by the loop
        self._waiting = False
        self._finish(answer, close=close)
        self._drain()

    def _finish(self, answer: bytes, *, close: bool) -> None:
        self._transport.write(answer)
        if close:
            self._buffer.clear()
            self._transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        self._buffer.clear()
        headers = [("connection", "close")]
        self._transport.write(response_bytes(status.value, status.phrase, headers, b"", method="GET"))
        self._transport.close()


@asynccontextmanager
async def listening(server: ReplayServer, port: int) -> AsyncIterator[str]:
    """Answer on loopback for the length of the block; yields the URL. Raises `ConfigurationError` for a taken port."""
    loop = asyncio.get_running_loop()
    try:
        listener = await loop.create_server(lambda: _Connection(server), HOST, port)
    except OSError as exc:
        raise ConfigurationError(port_refused(port, exc)) from None
    async with listener:
        yield f"http://{HOST}:{listener.sockets[0].getsockname()[1]}"
        listener.close()
        for transport in tuple(server.connections):
            transport.close()


async def _until_signal(server: ReplayServer, port: int, started: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with listening(server, port) as url:
        started(url)
        await ended.wait()


def port_refused(port: int, exc: OSError) -> str:
    """Say why nothing can listen on a port, and what to do."""
    why = "something else listens there" if exc.errno == errno.EADDRINUSE else exc.strerror
    return f"--port {port}: {why}. Choose another port, or --port 0 for a free one."


def serve(server: ReplayServer, *, port: int, started: Callable[[str], None]) -> Counts:
    """Serve on loopback until Ctrl-C or SIGTERM; return the counts.

    ``started`` is called with the URL once requests are answered. Raises `ConfigurationError` for a port that is taken.
    """
    asyncio.run(_until_signal(server, port, started))
    return server.playback.counts
