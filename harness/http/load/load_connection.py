"""One connection to a receiver, and the delivery on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from harness.http.answer_reader import AnswerReader
from harness.http.load.request import Outgoing
from harness.http.parser import BadMessageError
from harness.http.unanswered import no_answer


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
        """Keep the transport."""
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
