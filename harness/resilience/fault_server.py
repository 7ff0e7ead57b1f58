"""A server in front of the provider that misbehaves on script, then passes on; every request is logged."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import httpx

from harness.http.faulty import Request, read_line, read_rest
from harness.model import Attempt
from harness.resilience.apply_fault import apply_fault, corrupt, pass_back
from harness.resilience.faults import Action, Fault

MAX_ATTEMPTS = 10_000
IDLE_S = 60.0
WRITES = frozenset({"POST", "PATCH"})
"""Methods that are not idempotent by themselves (RFC 9110 section 9.2.2, RFC 5789)."""


class FaultServer:
    """Listens on a free loopback port. The first requests meet the faults, in order; later ones are passed on."""

    def __init__(
        self,
        upstream: str,
        client: httpx.Client,
        *,
        faults: Sequence[Fault],
        then: Fault | None = None,
        each_write: bool = False,
        hold_s: float = IDLE_S,
    ) -> None:
        """``upstream`` is the provider's base URL, reached through ``client``; ``then`` meets all later requests.

        With ``each_write`` the first attempt of every write meets the first fault, and nothing else does. ``hold_s``
        is how long a silent or dribbling answer lasts, in seconds.
        """
        self._upstream = upstream.rstrip("/")
        self._client = client
        self._faults = tuple(faults)
        self._then = then
        self._each_write = each_write
        self._hold_s = hold_s
        self._written: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._met = 0
        self.errors: list[str] = []
        """Why a request could not be passed on: trouble between server and provider, not the client's."""

    @property
    def url(self) -> str:
        """Where the client must call."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every request that arrived, in order of arrival."""
        with self._lock:
            return tuple(sorted(self._attempts, key=lambda a: a.at))

    def __enter__(self) -> Self:
        """Start to listen."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._port = int(self._listener.getsockname()[1])
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, break what is open, and wait for every thread."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="fault-server", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while len(self._attempts) < MAX_ATTEMPTS:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(IDLE_S)
            with self._lock:
                self._connections.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while line := read_line(stream):
                    at = time.monotonic()
                    if not self._answer(read_rest(stream, line, connection), connection, at):
                        return
        except (OSError, ValueError):
            return  # the client hung up, or spoke no HTTP
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _answer(self, request: Request, connection: socket.socket, at: float) -> bool:
        """Answer one request; False when the connection must not be used again."""
        fault = self._next_fault(request)
        if fault is None:
            response = self._passed_on(request)
            self._log(request, at, fault="", status=response.status_code)
            pass_back(response, connection)
            return request.header("connection").lower() != "close"
        if fault.action is Action.CORRUPT:
            response = self._passed_on(request)
            if not response.content:
                self.errors.append(f"{request.method} {request.path} is answered without a body that could be spoilt")
            self._log(request, at, fault=f"{response.status_code}, {fault.name}", status=None)
            return corrupt(response, connection, fault.corruption)
        status = fault.status if fault.action is Action.RESPOND else None
        self._log(request, at, fault=fault.name, status=status)
        return apply_fault(fault, connection, hold_s=self._hold_s)

    def _next_fault(self, request: Request) -> Fault | None:
        with self._lock:
            if self._each_write:
                what = (request.method, request.path, request.digest)
                new = request.method in WRITES and what not in self._written
                self._written.add(what)
                return self._faults[0] if new else None
            fault = self._faults[self._met] if self._met < len(self._faults) else self._then
            self._met += 1
            return fault

    def _log(self, request: Request, at: float, *, fault: str, status: int | None) -> None:
        attempt = Attempt(
            at=at,
            method=request.method,
            path=request.path,
            key=request.header("idempotency-key") or request.header("x-idempotency-key"),
            body_digest=request.digest,
            fault=fault,
            status=status,
            traceparent=request.header("traceparent"),
        )
        with self._lock:
            self._attempts.append(attempt)

    def _passed_on(self, request: Request) -> httpx.Response:
        try:
            return self._client.request(
                request.method,
                self._upstream + request.path,
                content=request.body,
                headers=request.forwarded_headers(),
            )
        except httpx.TransportError as exc:
            self.errors.append(f"{self._upstream} could not be reached: {type(exc).__name__}")
            return httpx.Response(502)
