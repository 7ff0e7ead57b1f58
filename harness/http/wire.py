"""One request on its own socket: every byte is as given, and a deadline holds for any receiver.

HTTP clients correct malformed requests, reuse connections that a dying receiver has closed, and read an endless answer
without end. A case must do none of that.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import repeat
from typing import Any

import httpx
import msgspec

from harness.core.cutting import cut
from harness.http.address import Address, public_url
from harness.http.answer_reader import AnswerReader
from harness.http.client_tls import tls_context
from harness.http.codings import CodingError, decoded
from harness.http.exchange_clock import ExchangeClock
from harness.http.message import Exchange, Request
from harness.http.observed_bodies import AnswerObserver
from harness.http.request_head import header_lines
from harness.http.unanswered import no_answer, no_connection
from harness.model import Delivery, Event
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
        return self.exchange(self._pieces(request), event=event, event_id=event_id, method=request.method)

    def send_at_once(self, requests: Sequence[tuple[Request, Event]]) -> list[Delivery]:
        """Send requests, each on its own connection, whose last bytes leave one right after the other, in this order.

        So the receiver has them all before it has answered any, however long connections and bodies take.
        """
        for request, _ in requests:
            self._check(request.method, httpx.URL(self.url))
        under_way = [self._in_steps(request, event) for request, event in requests]
        with ExitStack() as stack:
            for each in under_way:
                stack.callback(each.close)
            for _ in ("all but the last byte", "the last byte"):
                for each in under_way:
                    next(each)
            return [next(each) for each in under_way]

    def _in_steps(self, request: Request, event: Event) -> Generator[Delivery]:
        """Connect and send a request but for its last byte, then that, then read the answer; yield after each."""
        made = partial(Delivery, event=event.name, event_id=event.id, url=public_url(self.url), status=None)
        clock, whole, failed = ExchangeClock(self.timeout_s), b"".join(self._pieces(request)), None
        try:
            connection = self._connected()
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is why there is no connection
            yield from repeat(made(seconds=clock.elapsed(), error=no_connection(exc, within_s=self._connect_s)))
            return
        clock.connected()
        with connection:
            for piece in (whole[:-1], whole[-1:]):
                failed = failed or _sent(connection, [piece], clock, 0)
                yield made(seconds=clock.elapsed(), connect_s=clock.connect_s)
            answer = self._outcome(connection, clock, failed, request.method)
        yield msgspec.structs.replace(made(seconds=clock.elapsed(), connect_s=clock.connect_s), **answer)

    def _pieces(self, request: Request) -> list[bytes]:
        """Return head and body of a request that states its length."""
        framed = any(v and k.lower() in ("content-length", "transfer-encoding") for k, v in request.headers)
        length = () if framed else (("content-length", str(len(request.body))),)
        return [self.head(request, *length), request.body]

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
        clock = ExchangeClock(self.timeout_s)
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
            except Exception as exc:  # noqa: BLE001 - whatever it is, it is why there is no answer
                answer = self._without(exc)
            else:
                answer = self._outcome(connection, clock, failed, method)
        return made(seconds=clock.elapsed(), connect_s=clock.connect_s, **answer)

    def _outcome(
        self, connection: socket.socket, clock: ExchangeClock, failed: OSError | None, method: str
    ) -> dict[str, Any]:
        """Read the answer; return what of a delivery it decides. ``failed`` is why sending broke off."""
        try:
            return _seen(*self._answered(connection, clock, failed, method), failed, clock)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is why there is no answer
            return self._without(exc)

    def _without(self, exc: Exception) -> dict[str, Any]:
        return {"status": None, "error": no_answer(exc, within_s=self.timeout_s)}

    def _answered(
        self, connection: socket.socket, clock: ExchangeClock, failed: OSError | None, method: str = "POST"
    ) -> tuple[AnswerReader, float]:
        """Read an answer, and show it to the observer; see `_read`."""
        reader, first = _read(connection, clock, failed, method)
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
                _sent(stack.enter_context(self._connected()), pieces, ExchangeClock(self.timeout_s), 0)
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


def _sent(connection: socket.socket, pieces: Iterable[bytes], clock: ExchangeClock, pause_s: float) -> OSError | None:
    """Send everything; return why that broke off, for a receiver may answer and close before it has read all."""
    try:
        for number, piece in enumerate(pieces):
            if number and pause_s:
                _pause(connection, pause_s)
            if not _sent_whole(connection, memoryview(piece), clock):
                break
    except (ConnectionError, TimeoutError) as exc:
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


def _sent_whole(connection: socket.socket, piece: memoryview, clock: ExchangeClock) -> bool:
    """Send one piece; return False for a receiver that answers, keeps the connection open, and reads no further."""
    while piece:
        connection.settimeout(min(STALL_S, clock.left()))
        try:
            piece = piece[connection.send(piece[:_PIECE]) :]
        except TimeoutError:
            if _readable(connection, 0):
                return False
    return True


def _seen(reader: AnswerReader, first: float, failed: OSError | None, clock: ExchangeClock) -> dict[str, Any]:
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


def _read(
    connection: socket.socket, clock: ExchangeClock, failed: OSError | None, method: str
) -> tuple[AnswerReader, float]:
    """Read an answer; return it, without a head where none came, and the seconds until its first byte."""
    reader = AnswerReader(most_bytes=ANSWER_BYTES, stored_bytes=ANSWER_BYTES, method=method)
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
