"""One connection to a receiver, the delivery on it, and its request as bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from harness.errors import EventError
from harness.http.address import Address
from harness.http.answer_reader import AnswerReader
from harness.http.message import Request
from harness.http.parser import BadMessageError
from harness.http.request_head import header_lines
from harness.http.unanswered import no_answer


class Outgoing(NamedTuple):
    """One delivery before it is sent."""

    event: str
    """Name of the event."""
    event_id: str
    request: Request
    """Its URL is of the sender's own host."""


class Writer:
    """Turns deliveries to one host into the bytes of HTTP/1.1 requests."""

    def __init__(self, address: Address) -> None:
        """``address`` is where they go; credentials in its URL go with each."""
        self._targets: dict[str, str] = {}
        self._address = address

    def write(self, outgoing: Outgoing) -> bytes:
        """Return the whole request; raises `EventError` for a header that would not arrive as it is.

        Latin-1 lets a delivery carry any byte in a header, as an attacker would.
        """
        request = outgoing.request
        fields = header_lines(
            self._address.authorized(request.headers), self._address.netloc, ("content-length", str(len(request.body)))
        )
        lines = "\r\n".join(fields)
        if lines.count("\n") != len(fields) - 1 or not (lines.isascii() or max(lines) <= "\xff"):
            raise EventError(
                f"{outgoing.event} has a header that HTTP cannot carry: a line break or a character beyond Latin-1. "
                "Look at its type, its id and the header lines of its fixture."
            )
        head = f"{request.method} {self._target(request)} HTTP/1.1\r\n{lines}\r\n\r\n"
        return head.encode("latin-1") + request.body

    def _target(self, request: Request) -> str:
        url = request.url
        if url not in self._targets:
            if len(self._targets) > 1000:  # a scheme may put a digest of each body into the query
                self._targets.clear()
            self._targets[url] = request.target
        return self._targets[url]


class LoadExchange(NamedTuple):
    """One delivery while it is under way."""

    outgoing: Outgoing
    reading: AnswerReader
    connect_s: float
    """0 on a connection that was open already."""
    sent_at: float
    """Monotonic seconds."""


class Ending(NamedTuple):
    """How an exchange ended."""

    error: str = ""
    """Why there is no answer."""
    first_at: float = 0.0
    """Monotonic seconds of the answer's first byte; 0 when there was none."""
    unread: bool = False
    """Whether the connection was lost with no byte of an answer: it may have been closed before the request came."""


class LoadConnection(asyncio.BufferedProtocol):
    """Sends one request at a time and reports what became of it."""

    def __init__(self, done: Callable[[LoadExchange, Ending], None], buffer: bytearray, *, within_s: float) -> None:
        """``done`` is called once for each exchange; ``buffer`` can be shared by all connections of a thread.

        ``within_s`` is what an exchange may take, in seconds; who watches the time calls `give_up`.
        """
        self._buffer = buffer
        self._within_s = within_s
        self.exchange: LoadExchange | None = None
        self.is_open = False
        self._done = done
        self._first_at = 0.0
        self._transport: asyncio.Transport | None = None

    def send(self, outgoing: Outgoing, request: bytes, *, connect_s: float) -> None:
        """Begin an exchange."""
        assert self._transport is not None
        self._first_at = 0.0
        self.exchange = LoadExchange(outgoing, AnswerReader(), connect_s, time.perf_counter())
        self._transport.write(request)

    def give_up(self) -> None:
        """End the exchange: its time is over, and the answer is not whole."""
        self._end(TimeoutError())

    def abort(self) -> None:
        """Close without ado; what is under way is not reported."""
        self.exchange = None
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    def get_buffer(self, _sizehint: int) -> bytearray:
        """Return where the next piece is to be put."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take a piece of the answer."""
        if self.exchange is None:  # nobody asked for it
            self.abort()
            return
        self._first_at = self._first_at or time.perf_counter()
        reading = self.exchange.reading
        try:
            if reading.feed(self._buffer[:nbytes]):
                self._finish(Ending("", self._first_at), reusable=reading.reusable)
        except BadMessageError as exc:
            self._end(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection: the end of an answer, or an answer that never came."""
        self.is_open = False
        if self.exchange is None:
            return
        if not self._first_at or (exc is not None and self.exchange.reading.head is None):
            self._end(exc, unread=not self._first_at)
            return
        try:
            self.exchange.reading.end()
            self._finish(Ending("", self._first_at))
        except BadMessageError as bad:
            self._end(bad)

    def _end(self, exc: Exception | None, *, unread: bool = False) -> None:
        self._finish(Ending(no_answer(exc, within_s=self._within_s), self._first_at, unread))

    def _finish(self, ending: Ending, *, reusable: bool = False) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            return
        assert self._transport is not None
        # A receiver that answers before it has read everything is not read to the end by us either.
        if not reusable or self._transport.get_write_buffer_size():
            self.abort()
        self._done(exchange, ending)
