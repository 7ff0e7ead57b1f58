"""Recordings as a local server, for clients in any language: bytes made beforehand on a bare asyncio protocol."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from vcr.request import Request

from harness.cassettes.play.playback import Counts, Playback
from harness.cassettes.play.replay_connection import HOST, ReplayConnection, listening
from harness.http.parser import (
    HOP_BY_HOP,
    Incoming,
    recorded_bytes,
    response_bytes,
)

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
        self.connections: set[ReplayConnection] = set()

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


async def _until_signal(server: ReplayServer, port: int, started: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with listening(server, port) as url:
        started(url)
        await ended.wait()


def serve(server: ReplayServer, *, port: int, started: Callable[[str], None]) -> Counts:
    """Serve on loopback until Ctrl-C or SIGTERM; return the counts.

    ``started`` is called with the URL once requests are answered. Raises `ConfigurationError` for a port that is taken.
    """
    asyncio.run(_until_signal(server, port, started))
    return server.playback.counts
