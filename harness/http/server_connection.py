"""One client's connection to a loopback server: requests read with h11, responses written."""

from __future__ import annotations

import re
import socket
import struct
import time
from contextlib import suppress
from http import HTTPStatus
from io import BytesIO

import h11
import msgspec

from harness.http.held_bytes import HeldBytes, HeldShare
from harness.http.message import Request, Response
from harness.http.parser import MAX_HEAD, BadMessageError, ChunkDecoder, ends_connection, read_head, too_large
from harness.http.writer import response_bytes, response_head

PIECE = 64 * 1024
MAX_CONNECTIONS = 256
"""Of one server. Another one ends the oldest that waits for a request: a flood must not use up the open files."""
WITHIN_S = 120.0
"""Seconds for a whole request: one that trickles would last for ever."""
_HEAD_END = re.compile(rb"\r?\n\r?\n")
LINGER_S = 2.0
"""Seconds for which a client may go on sending a body that is not read, so that it still reads its answer."""


class ServerConnection:
    """Reads one request after another, and writes what answers them."""

    def __init__(self, client: socket.socket, *, max_body: int, held: HeldBytes) -> None:
        """``client`` is a socket that has its time-out; ``max_body`` bounds the body of a request, in bytes.

        What came of a request counts as ``held`` until `release`.
        """
        self.socket = client
        self.closes = False
        """Whether the connection ends with the response to the request that was read last."""
        self.busy = False
        """Whether a request waits for its response; the server's own."""
        self._max_body = max_body
        self._held = HeldShare(held)
        self._pending = b""
        self._method = ""
        self._version = b""

    @property
    def is_old(self) -> bool:
        """Whether the last request was of HTTP/1.0."""
        return self._version == b"1.0"

    def read(self) -> Request | None:
        """Return the next request, None when the client hung up.

        Raises `BadMessageError` for what is no request that can be taken, and OSError.
        """
        reading = _Reading(self.socket, self._pending, self._max_body, self._held)
        try:
            return reading.request()
        finally:
            self._pending = reading.left
            self._version = reading.version
            if reading.head is not None:
                self._method = reading.head.method
                options = ",".join(value for name, value in reading.head.headers if name.lower() == "connection")
                self.closes = self.is_old or ends_connection(options, old=False)

    def release(self) -> None:
        """Forget the request that was read last: it is answered."""
        self._held.release()

    def send(self, response: Response) -> None:
        """Send a whole response."""
        self.socket.sendall(response_bytes(response, method=self._method, close=self.closes))

    def start(self, response: Response, *, length: int | None = None) -> bool:
        """Send the head of a response whose body of ``length`` bytes follows; return whether it follows in chunks.

        A body of unknown length goes to an old client without chunks: the end of the connection ends it.
        """
        chunked = length is None and not self.is_old
        self.socket.sendall(response_head(response, length=length, chunked=chunked, close=self.closes))
        return chunked

    def reset(self) -> None:
        """Close with RST: what is still on its way is lost, as when a peer crashes."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def linger(self) -> None:
        """End the response, and read what the client still sends: closing at once could lose the response."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + LINGER_S
            while (left := deadline - time.monotonic()) > 0:
                self.socket.settimeout(left)
                if not self.socket.recv(PIECE):
                    return

    def interrupt(self) -> None:
        """End everything that waits for this connection."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


class _Reading:
    """One request while it arrives."""

    def __init__(self, client: socket.socket, data: bytes, max_body: int, held: HeldShare) -> None:
        """``data`` is what came behind the request before."""
        self.head: Request | None = None
        self.version = b""
        self.left = b""
        """What came behind this one."""
        self._socket = client
        self._max_body = max_body
        self._held = held
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self._body = BytesIO()  # what it returns at the end is no copy
        self._begun = False
        self._ended = False
        self._ends = time.monotonic() + WITHIN_S
        self._early = data
        self._raw: bytearray | None = bytearray()
        self._chunks: ChunkDecoder | None = None
        self._undecoded = bytearray()

    def request(self) -> Request | None:
        """Read it; None when the client hung up before it."""
        try:
            self._feed(self._early)
            while not isinstance(event := self._parser.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    if not self._receive():
                        return None
                elif isinstance(event, h11.Request):
                    self._take_head(event)
                elif isinstance(event, h11.Data):
                    self._held.take(len(event.data))
                    self._body.write(event.data)
                    if self._body.tell() > self._max_body:
                        raise too_large(self._max_body)
        except h11.RemoteProtocolError as exc:
            raise self._refused(exc) from None
        except BadMessageError as exc:
            exc.request = self._checked_head()
            raise
        self.left = self._parser.trailing_data[0]
        assert self.head is not None
        return msgspec.structs.replace(self.head, body=self._body.getvalue())

    def _checked_head(self) -> Request | None:
        """Return the head, if it is right: what was refused may be a chunk that came with it, before it was taken."""
        if self._raw is None and self.head is None:
            with suppress(h11.RemoteProtocolError):
                if isinstance(event := self._parser.next_event(), h11.Request):
                    self._take_head(event)
        return self.head

    def _feed(self, data: bytes) -> None:
        while not self._begun and data.startswith(b"\r\n"):  # RFC 9112 section 2.2
            data = data[2:]
        if data:
            self._begun = True
            self._parser.receive_data(data)
            self._check(data)

    def _check(self, data: bytes) -> None:
        """Refuse what the other parser refuses: h11 unfolds lines, and takes bare line breaks."""
        if self._raw is not None:
            self._raw += data
            found = _HEAD_END.search(self._raw)
            if found is None:
                return
            if found[0] != b"\r\n\r\n":
                raise BadMessageError("a head with a bare line break in it")
            _, fields, _ = read_head(bytes(self._raw[: found.start()]))
            data, self._raw = bytes(self._raw[found.end() :]), None
            self._chunks = ChunkDecoder(self._max_body, strict=True) if "transfer-encoding" in fields else None
        if self._chunks is not None and not self._chunks.complete:
            self._undecoded += data
            self._chunks.take(self._undecoded)

    def _receive(self) -> bool:
        """Wait for more; return whether there may be any."""
        if self._parser.they_are_waiting_for_100_continue:
            go_ahead = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
            self._socket.sendall(self._parser.send(go_ahead) or b"")
        idle_s = self._socket.gettimeout() or WITHIN_S
        try:
            self._socket.settimeout(max(0.001, min(idle_s, self._ends - time.monotonic())))
            data = self._socket.recv(PIECE)
        except TimeoutError:
            if not self._begun:
                return False
            raise _unended() from None
        finally:
            self._socket.settimeout(idle_s)
        if time.monotonic() > self._ends and self._begun:  # what flows without a pause never times out
            raise _unended()
        if data:
            self._feed(data)
        elif self._begun:
            self._ended = True
            self._parser.receive_data(b"")
        return bool(data) or self._begun

    def _take_head(self, event: h11.Request) -> None:
        self.version = event.http_version
        if not self.version.startswith(b"1."):
            text = f"HTTP/{self.version.decode('latin-1')}"
            raise BadMessageError(text, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers.raw_items()]
        method, target = event.method.decode("latin-1"), event.target.decode("latin-1")
        self.head = head = Request(method=method, url=target, headers=tuple(fields))
        length = head.header("content-length")
        if length and not head.header("transfer-encoding") and int(length) > self._max_body:
            raise too_large(self._max_body, int(length))

    def _refused(self, exc: h11.RemoteProtocolError) -> BadMessageError:
        if self._ended:
            text = "a body that was cut" if self.head else "a head that was cut"
            return BadMessageError(text, request=self.head, cut=True)
        return BadMessageError(str(exc), HTTPStatus(exc.error_status_hint), request=self.head)


def _unended() -> BadMessageError:
    return BadMessageError("a request without its end", HTTPStatus.REQUEST_TIMEOUT, cut=True)
