"""One request on a socket of its own: every byte is ours, and whatever the receiver does, it is over in time.

HTTP clients mend what they are given, keep connections that a dying receiver has left, and read an endless answer
endlessly. A case must do none of that.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from harness.http.client import tls_context, tls_said
from harness.http.message import Headers
from harness.model import Delivery

CONNECT_S = 5.0
ANSWER_BYTES = 64 * 1024
"""As much of an answer is read; the rest is of no interest."""
_PIECE = 256 * 1024


class ReceiverAnswer(Delivery, frozen=True, kw_only=True):
    """A delivery with everything that came back."""

    whole: str = ""
    """Status line, header lines and body as text, up to `ANSWER_BYTES` of it."""

    @property
    def cut(self) -> bool:
        """Whether the receiver closed the connection instead of answering, which it may when it is sent too much."""
        return self.status is None and self.error in (_CLOSED, _RESET)


_CLOSED = "the connection was closed without an answer"
_RESET = "the connection was reset"
_WHY: tuple[tuple[type[Exception], str], ...] = (
    (http.client.RemoteDisconnected, _CLOSED),  # a kind of ConnectionError, so before it
    (TimeoutError, "no whole answer within {limit:g} s"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, _RESET),
    (http.client.HTTPException, "an answer that is not HTTP"),
)


class Wire:
    """Where requests are sent to."""

    def __init__(self, url: str, *, check: Callable[[str, httpx.URL], None], timeout_s: float) -> None:
        """``check`` refuses what may not be sent; ``timeout_s`` bounds each exchange as a whole."""
        self.url = url
        self.timeout_s = timeout_s
        self._check = check
        self._parts = urlsplit(url)
        self._host = self._parts.hostname or ""
        self._port = self._parts.port or (443 if self._parts.scheme == "https" else 80)

    def send(
        self, headers: Headers, body: bytes, *, event: str, event_id: str, method: str = "POST", query: str = ""
    ) -> ReceiverAnswer:
        """Send one request, headers and bytes as they are; a broken connection is an answer too."""
        length = (
            ()
            if any(k.lower() in ("content-length", "transfer-encoding") for k, _ in headers)
            else (("content-length", str(len(body))),)
        )
        head = self.head(method, (*headers, *length), query=query)
        return self.exchange([head, body], event=event, event_id=event_id, method=method)

    def at(self, url: str, *, timeout_s: float) -> Wire:
        """Return the same for another URL."""
        return Wire(url, check=self._check, timeout_s=timeout_s)

    def head(self, method: str, headers: Headers, *, query: str = "", version: str = "1.1") -> bytes:
        """Return request line and header lines as they are sent; Latin-1 lets a case send any byte."""
        target = self._parts.path or "/"
        queries = "&".join(q for q in (self._parts.query, query) if q)
        lines = [f"{method} {target}{'?' if queries else ''}{queries} HTTP/{version}", f"host: {self._parts.netloc}"]
        lines += [f"{k}: {v}" for k, v in headers]
        return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1")

    def exchange(
        self, pieces: Iterable[bytes], *, event: str, event_id: str, method: str = "POST", pause_s: float = 0.0
    ) -> ReceiverAnswer:
        """Send ``pieces``, ``pause_s`` seconds between them, and read the answer."""
        self._check(method, httpx.URL(self.url))
        told = _Exchange(event, event_id, self.url)
        clock = _Clock(self.timeout_s)
        try:
            with self._connected(clock) as connection:
                clock.connected()
                sending = _sent(connection, pieces, clock, pause_s)
                return self._read(connection, clock, method, told, sending)
        except (OSError, http.client.HTTPException) as exc:
            said = tls_said(exc) if isinstance(exc, ssl.SSLError) else str(exc)
            why = next((text.format(limit=self.timeout_s) for kind, text in _WHY if isinstance(exc, kind)), said)
            return told.answer(clock, status=None, error=why)

    def abandon(self, pieces: list[bytes]) -> None:
        """Send ``pieces`` and close the connection, as a sender does that is cut off."""
        self._check("POST", httpx.URL(self.url))
        clock = _Clock(self.timeout_s)
        with suppress(OSError), self._connected(clock) as connection:
            _sent(connection, pieces, clock, 0)

    def _connected(self, clock: _Clock) -> socket.socket:
        connection = socket.create_connection((self._host, self._port), timeout=min(CONNECT_S, clock.left()))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._parts.scheme != "https":
            return connection
        return tls_context().wrap_socket(connection, server_hostname=self._host)

    def _read(
        self, connection: socket.socket, clock: _Clock, method: str, told: _Exchange, failed: OSError | None
    ) -> ReceiverAnswer:
        response = http.client.HTTPResponse(_Timed(connection, clock), method=method)  # type: ignore[arg-type]
        try:
            response.begin()
        except (OSError, http.client.HTTPException):
            if failed is not None:
                raise failed from None
            raise
        first = clock.elapsed()
        body = b""
        with suppress(http.client.IncompleteRead, ConnectionError):  # the status has been told, which is what counts
            body = response.read(ANSWER_BYTES)
        head = f"{response.status} {response.reason}\n{response.headers}"
        text = body.decode(errors="replace")
        return told.answer(clock, status=response.status, first_byte_s=first, answer=text[:200], whole=head + text)


class _Exchange(NamedTuple):
    """What is known of an exchange before it is made."""

    event: str
    event_id: str
    url: str

    def answer(self, clock: _Clock, *, status: int | None, **more: Any) -> ReceiverAnswer:
        """Return what came of it."""
        more |= {"seconds": clock.elapsed(), "connect_s": clock.connect_s}
        return ReceiverAnswer(event=self.event, event_id=self.event_id, url=self.url, status=status, **more)


class _Clock:
    """Measures one exchange from its first byte, and bounds it."""

    def __init__(self, limit_s: float) -> None:
        self._start = time.perf_counter()
        self._deadline = self._start + limit_s
        self.connect_s = 0.0

    def connected(self) -> None:
        now = time.perf_counter()
        self.connect_s = now - self._start
        self._start = now

    def elapsed(self) -> float:
        return time.perf_counter() - self._start

    def left(self) -> float:
        """Return the seconds that are left; raises TimeoutError when there are none."""
        left = self._deadline - time.perf_counter()
        if left <= 0:
            raise TimeoutError
        return left


class _Timed(io.RawIOBase):
    """A socket to read from, each time for as long as the whole exchange may still take."""

    def __init__(self, connection: socket.socket, clock: _Clock) -> None:
        self._connection = connection
        self._clock = clock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        self._connection.settimeout(self._clock.left())
        return self._connection.recv_into(buffer)  # type: ignore[arg-type]


def _sent(connection: socket.socket, pieces: Iterable[bytes], clock: _Clock, pause_s: float) -> OSError | None:
    """Send everything; return why that broke off, for a receiver may answer and close before it has read all."""
    try:
        for number, piece in enumerate(pieces):
            if number and pause_s:
                time.sleep(pause_s)
            for at in range(0, len(piece), _PIECE):
                connection.settimeout(clock.left())
                connection.sendall(piece[at : at + _PIECE])
    except ConnectionError as exc:
        return exc
    return None
