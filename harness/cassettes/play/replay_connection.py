"""Clients of the replay server: bare sockets under asyncio's loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Protocol

from harness.errors import ConfigurationError
from harness.http import server_connection
from harness.http.held_bytes import HeldBytes, HeldShare
from harness.http.loopback_server import BACKLOG, HOST, no_connection, port_refused
from harness.http.message import Request, Response, reason_phrase
from harness.http.parser import BadMessageError, RequestReader
from harness.http.server_connection import MAX_CONNECTIONS, PIECE
from harness.http.writer import response_bytes


class AnswerSource(Protocol):
    """What a connection asks for answers: bytes made beforehand, with the seconds they take."""

    connections: dict[ReplayConnection, None]
    """The oldest first."""

    def listens_on(self, url: str) -> None:
        """Take the URL at which clients connect; called before any does."""

    def again(self, data: bytes) -> tuple[bytes, float] | None:
        """Return the answer to what was asked in the very same bytes before, else None."""

    def remember(self, data: bytes) -> None:
        """Take ``data`` for the bytes of the request that was answered last."""

    def answer(self, request: Request) -> tuple[bytes, float]:
        """Return the answer to a request."""

    def log(self, text: str, /) -> None:
        """Take a line about what happened."""


class ReplayConnection:
    """One client's connection: requests are answered one after another, in order.

    On a bare socket under asyncio's loop: its transports take a good part of the time that an answer takes.
    """

    def __init__(self, server: AnswerSource, client: socket.socket, held: HeldBytes) -> None:
        """Read from ``client``, which must not block, until it hangs up; what came of a request counts as ``held``."""
        self._server = server
        self._socket = client
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader()
        self._held = HeldShare(held)
        self._unsent = memoryview(b"")
        self._waiting = False
        self._ending = False
        self._progressed = True
        server.connections[self] = None
        self._loop.add_reader(client, self._readable)

    def close(self) -> None:
        """Hang up; what was not sent yet is lost."""
        if self in self._server.connections:
            del self._server.connections[self]
            self._held.release()
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def end_unless_progressed(self) -> None:
        """Hang up where nothing was answered whole since the last call: it is silent, or trickles, or reads nothing."""
        if not (self._progressed or self._waiting):
            if self._reader.busy and not (self._unsent or self._ending):
                self._refuse(BadMessageError("a request without its end", HTTPStatus.REQUEST_TIMEOUT))
            self.close()
        self._progressed = False

    def _readable(self) -> None:
        try:
            data = self._socket.recv(PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
        elif not self._ending:
            self._received(data)

    def _received(self, data: bytes) -> None:
        if self._reader.busy:
            try:
                self._held.take(len(data))
            except BadMessageError as exc:
                self._refuse(exc)
                return
            self._reader.feed(data)
            self._drain()
            if not self._reader.busy:
                self._held.release()
            return
        quick = self._server.again(data)
        if quick is not None:
            self._send(*quick, close=False)
            return
        self._reader.feed(data)
        if self._drain() == 1 and not (self._reader.busy or self._reader.closes):
            self._server.remember(data)

    def _drain(self) -> int:
        """Answer what has come whole; return how many requests that was."""
        answered = 0
        while self._reader.busy and not (self._waiting or self._ending or self._unsent):
            try:
                request = self._reader.take()
            except BadMessageError as exc:
                self._refuse(exc)
                return 0
            if request is None:
                if self._reader.awaits_go_ahead():
                    self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
                break
            self._send(*self._server.answer(request), close=self._reader.closes)
            answered += 1
        return answered

    def _send(self, answer: bytes, wait_s: float, *, close: bool) -> None:
        if wait_s:
            self._waiting = True
            self._loop.remove_reader(self._socket)  # what the client sends meanwhile stays on its side
            self._loop.call_later(wait_s, self._later, answer, close)
        else:
            self._write(answer, last=close)

    def _later(self, answer: bytes, close: bool) -> None:  # noqa: FBT001 - called by the loop
        self._waiting = False
        if self in self._server.connections:
            self._loop.add_reader(self._socket, self._readable)
            self._write(answer, last=close)
            self._drain()

    def _refuse(self, error: BadMessageError) -> None:
        self._server.log(f"refused: {error.status.value} {reason_phrase(error.status)}: {error}")
        self._write(response_bytes(Response(status=error.status), method="", close=True), last=True)

    def _write(self, data: bytes, *, last: bool = False) -> None:
        """Send, and when it is the ``last`` hang up; a client that reads slowly is not read from meanwhile."""
        self._ending |= last
        if self._unsent:
            self._unsent = memoryview(b"".join((self._unsent, data)))
            return
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.close()
            return
        if sent < len(data):
            self._unsent = memoryview(data)[sent:]  # the recording's own bytes, so that a slow client costs no copy
            self._loop.remove_reader(self._socket)
            self._loop.add_writer(self._socket, self._writable)
        else:
            self._progressed = True
            if last:
                self._hang_up()

    def _writable(self) -> None:
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._unsent = memoryview(b"")
            self._ending = True
        if not self._unsent:
            self._progressed = True
            self._loop.remove_writer(self._socket)
            self._loop.add_reader(self._socket, self._readable)
            if self._ending:
                self._hang_up()
            else:
                self._drain()

    def _hang_up(self) -> None:
        """Close; a client that is still sending is let do so for a while, for it could lose the answer otherwise."""
        if not self._reader.busy:
            self.close()
            return
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._loop.call_later(server_connection.LINGER_S, self.close)


class _Listener:
    """Takes connections, and ends those that last too long."""

    def __init__(self, server: AnswerSource, listener: socket.socket) -> None:
        self._server = server
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._held = HeldBytes()
        self._listen()
        self._sweeping = self._loop.call_later(server_connection.WITHIN_S, self._sweep)

    def close(self) -> None:
        """Take no more, and end those that there are."""
        self._sweeping.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for connection in tuple(self._server.connections):
            connection.close()

    def _listen(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as exc:
            self._server.log(no_connection(exc))
            self._loop.remove_reader(self._listener)
            self._loop.call_later(1, self._listen)
            return
        client.setblocking(False)  # noqa: FBT003 - the socket's own signature
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self._server.connections) >= MAX_CONNECTIONS:
            next(iter(self._server.connections)).close()
        ReplayConnection(self._server, client, self._held)

    def _sweep(self) -> None:
        for connection in tuple(self._server.connections):
            connection.end_unless_progressed()
        self._sweeping = self._loop.call_later(server_connection.WITHIN_S, self._sweep)


@asynccontextmanager
async def listening(server: AnswerSource, port: int) -> AsyncIterator[str]:
    """Answer on loopback for the length of the block; yields the URL. Raises `ConfigurationError` for a taken port."""
    try:
        listener = socket.create_server((HOST, port), backlog=BACKLOG)
    except OSError as exc:
        raise ConfigurationError(port_refused(port, exc)) from None
    listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    server.listens_on(url)
    taking = _Listener(server, listener)
    try:
        yield url
    finally:
        taking.close()
