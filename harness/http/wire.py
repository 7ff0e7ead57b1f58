"""One request on its own socket: every byte is as given, and a deadline holds for any receiver.

HTTP clients correct malformed requests, reuse connections that a dying receiver has closed, and read an endless answer
without end. A case must do none of that.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

import httpx

from harness.core.cutting import cut
from harness.http.address import Address, public_url
from harness.http.answer_reader import AnswerReader
from harness.http.client_tls import tls_context
from harness.http.codings import CodingError, decoded
from harness.http.message import Exchange, Request
from harness.http.observed_bodies import AnswerObserver
from harness.http.request_head import header_lines
from harness.http.unanswered import no_answer, no_connection
from harness.model import Delivery
from harness.model.delivery import CLOSED

CONNECT_S = 5.0
ANSWER_BYTES = 64 * 1024
"""As much of an answer is read; the rest is of no interest."""
STALL_S = 1.0
"""After so many seconds in which the receiver reads nothing of a request, an answer ends the request."""
_PIECE = 256 * 1024


class Wire:
    """Where requests are sent to."""

    def __init__(
        self,
        url: str,
        *,
        check: Callable[[str, httpx.URL], None],
        timeout_s: float,
        observer: AnswerObserver = lambda _exchange: None,
    ) -> None:
        """``check`` refuses what may not be sent; ``timeout_s`` bounds each exchange as a whole.

        ``observer`` is shown every answer. Raises `ConfigurationError` for no URL.
        """
        self.url = url
        self.timeout_s = timeout_s
        self._check = check
        self._observer = observer
        self._address = Address.of(url)

    def send(self, request: Request, *, event: str, event_id: str) -> Delivery:
        """Send one request, headers and bytes as they are; a broken connection is an answer too."""
        framed = any(v and k.lower() in ("content-length", "transfer-encoding") for k, v in request.headers)
        length = () if framed else (("content-length", str(len(request.body))),)
        head = self.head(request, *length)
        return self.exchange([head, request.body], event=event, event_id=event_id, method=request.method)

    def at(self, url: str, *, timeout_s: float) -> Wire:
        """Return the same for another URL."""
        return Wire(url, check=self._check, timeout_s=timeout_s, observer=self._observer)

    def head(self, request: Request, *framing: tuple[str, str], version: str = "1.1") -> bytes:
        """Return request line and header lines as they are sent to this place: see `header_lines`.

        Latin-1 lets a case send any byte.
        """
        lines = header_lines(self._address.authorized(request.headers), self._address.netloc, *framing)
        return "\r\n".join([f"{request.method} {request.target} HTTP/{version}", *lines, "", ""]).encode("latin-1")

    def exchange(
        self,
        pieces: Iterable[bytes],
        *,
        event: str,
        event_id: str,
        method: str = "POST",
        pause_s: float = 0.0,
        before: bytes = b"",
    ) -> Delivery:
        """Send ``pieces``, ``pause_s`` seconds between them, and read the answer.

        ``before`` is a whole request that is sent and answered first, on the same connection; where its answer ends
        the connection, there is no further one.
        """
        self._check(method, httpx.URL(self.url))
        made = partial(Delivery, event=event, event_id=event_id, url=public_url(self.url))
        clock = _Clock(self.timeout_s)
        try:
            connection = self._connected()
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is why there is no connection
            return made(status=None, seconds=clock.elapsed(), error=no_connection(exc, within_s=self._connect_s))
        clock.connected()
        with connection:
            try:
                if before and not self._answered(connection, clock, _sent(connection, [before], clock, 0))[0].reusable:
                    return made(seconds=clock.elapsed(), connect_s=clock.connect_s, status=None, error=CLOSED)
                failed = _sent(connection, pieces, clock, pause_s)
                answer = _seen(*self._answered(connection, clock, failed, method), failed, clock)
            except Exception as exc:  # noqa: BLE001 - whatever it is, it is why there is no answer
                answer = {"status": None, "error": no_answer(exc, within_s=self.timeout_s)}
        return made(seconds=clock.elapsed(), connect_s=clock.connect_s, **answer)

    def _answered(
        self, connection: socket.socket, clock: _Clock, failed: OSError | None, method: str = "POST"
    ) -> tuple[AnswerReader, float]:
        """Read an answer, and show it to the observer; see `_read`."""
        reader, first = _read(connection, clock, failed)
        if reader.head is not None:
            self._observer(Exchange(request=Request(method=method, url=self.url), response=reader.response))
        return reader, first

    def abandon(self, pieces: list[bytes]) -> None:
        """Send ``pieces`` and close the connection, as a sender does that is cut off."""
        with self.unfinished(pieces):
            pass

    @contextmanager
    def unfinished(self, pieces: list[bytes]) -> Iterator[None]:
        """Send ``pieces``, and close the connection at the end of the block, as a sender does that stops for a while.

        Whether they arrive is for the block to see.
        """
        self._check("POST", httpx.URL(self.url))
        with ExitStack() as stack:
            with suppress(OSError):
                _sent(stack.enter_context(self._connected()), pieces, _Clock(self.timeout_s), 0)
            yield

    @property
    def _connect_s(self) -> float:
        return min(CONNECT_S, self.timeout_s)

    def _connected(self) -> socket.socket:
        connection = socket.create_connection((self._address.host, self._address.port), timeout=self._connect_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._address.tls:
            return connection
        return tls_context().wrap_socket(connection, server_hostname=self._address.host)


class _Clock:
    """Measures one exchange from its first byte, and bounds it."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
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
        """Return the seconds that are left; raises TimeoutError when none are left."""
        left = self._deadline - time.perf_counter()
        if left <= 0:
            raise TimeoutError
        return left


def _sent(connection: socket.socket, pieces: Iterable[bytes], clock: _Clock, pause_s: float) -> OSError | None:
    """Send everything; return why that broke off, for a receiver may answer and close before it has read all."""
    try:
        for number, piece in enumerate(pieces):
            if number and pause_s:
                _pause(connection, pause_s)
            if not _sent_whole(connection, memoryview(piece), clock):
                break
    except ConnectionError as exc:
        return exc
    return None


def _pause(connection: socket.socket, seconds: float) -> None:
    """Wait, but no longer for a receiver that answers meanwhile, be it that the request may go on (100 Continue)."""
    if isinstance(connection, ssl.SSLSocket):  # what arrives there may be no answer
        time.sleep(seconds)
    else:
        _readable(connection, seconds)


def _readable(connection: socket.socket, within_s: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(within_s))


def _sent_whole(connection: socket.socket, piece: memoryview, clock: _Clock) -> bool:
    """Send one piece; return False for a receiver that answers, keeps the connection open, and reads no further."""
    while piece:
        connection.settimeout(min(STALL_S, clock.left()))
        try:
            piece = piece[connection.send(piece[:_PIECE]) :]
        except TimeoutError:
            if _readable(connection, 0):
                return False
    return True


def _seen(reader: AnswerReader, first: float, failed: OSError | None, clock: _Clock) -> dict[str, Any]:
    """Return what of a delivery the answer decides; ``failed`` is why sending broke off."""
    if reader.head is None:
        return {"status": None, "error": no_answer(failed, within_s=clock.limit_s)}
    text = _text(reader)
    return {
        "status": reader.head.status,
        "first_byte_s": first,
        "answer": cut(text, 200),
        "whole": reader.head.text + text,
    }


def _read(connection: socket.socket, clock: _Clock, failed: OSError | None) -> tuple[AnswerReader, float]:
    """Read an answer; return it, without a head where none came, and the seconds until its first byte."""
    reader = AnswerReader(most_bytes=ANSWER_BYTES, stored_bytes=ANSWER_BYTES)
    first = 0.0
    try:
        while not reader.complete:
            connection.settimeout(clock.left())
            piece = connection.recv(_PIECE)
            if piece:
                first = first or clock.elapsed()
                reader.feed(piece)
            elif first:
                reader.end()
            else:
                break
    except ConnectionError as exc:
        if reader.head is None:
            raise failed or exc from None  # else the status is known, which is what counts
    return reader, first


def _text(reader: AnswerReader) -> str:
    """Return the body as text, decoded if it is in a coding that the delivery's ``Accept-Encoding`` allowed."""
    assert reader.head is not None
    response = reader.response
    body = response.body
    with suppress(CodingError):
        body, _ = decoded(body, response.header("content-encoding"))
    return body.decode(errors="replace")
