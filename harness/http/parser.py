"""HTTP/1.1 out of a stream of bytes (RFC 9112), for what must be fast: requests, and the chunks of any message.

Own code and not h11, which takes as long for one message as the replay server or a delivery takes altogether.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from harness.core.cutting import cut
from harness.http.message import Headers, Request

MAX_HEAD = 64 * 1024
MAX_LINE = 8 * 1024
"""Of a chunk's first line, or a trailer."""
MAX_BODY = 32 * 1024 * 1024
"""Of one request, and of all that a server holds at a time."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/(\d)\.(\d)")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?")
_STRICT_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;.*)?[ \t]*")
_BARE_BREAK = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)")
_ONCE = frozenset({"content-length", "transfer-encoding", "host"})
"""Fields that servers in a chain may read differently where they come twice (RFC 9112 sections 3.2, 6.3, 11.2)."""


class BadMessageError(Exception):
    """Not an HTTP/1.1 message that can be accepted; the text describes what arrived."""

    def __init__(
        self,
        text: str,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
        *,
        request: Request | None = None,
        cut: bool = False,
    ) -> None:
        """``status`` answers it; ``request`` is its head, where that could be read; ``cut`` if it only ended early."""
        super().__init__(text)
        self.status = status
        self.request = request
        self.cut = cut


def too_large(limit: int, declared: int | None = None) -> BadMessageError:
    """Return the error for a body of over ``limit`` bytes; ``declared`` is its Content-Length."""
    size = f"of more than {limit:,} bytes" if declared is None else f"of {declared:,} bytes; {limit:,} are allowed"
    return BadMessageError(f"a body {size}", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def ends_connection(connection: str, *, old: bool) -> bool:
    """Whether a ``Connection`` header ends the connection; ``old`` for HTTP/1.0 (RFC 9112 section 9.3)."""
    options = [option.strip() for option in connection.lower().split(",")]
    return "close" in options or (old and "keep-alive" not in options)


class ChunkDecoder:
    """Takes chunks off the front of a buffer (RFC 9112 section 7.1), with their extensions and trailers."""

    __slots__ = ("_beside", "_ending", "_left", "_limit", "_size", "_strict", "_trailer", "complete")

    def __init__(self, limit: int = 1 << 62, *, strict: bool = False) -> None:
        """``limit`` is how many bytes there may be in all; only ``strict`` refuses what servers read differently."""
        self._strict = strict
        self.complete = False
        self._limit = limit
        self._size = 0
        self._beside = 0
        self._left = 0
        self._ending = False
        self._trailer = False

    def take(self, buffer: bytearray) -> bytes:
        """Remove what has come, and return its content; raises `BadMessageError`."""
        content, at = bytearray(), 0
        while not self.complete:
            if self._left:
                piece = buffer[at : at + self._left]
                content += piece
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    break
                self._ending = True
            end = buffer.find(b"\n", at)
            if end < 0:
                if len(buffer) - at > MAX_LINE or (self._strict and _BARE_BREAK.search(buffer, at)):
                    raise BadMessageError(f"a chunk that begins {cut(bytes(buffer[at : at + 41]), 40)!r}")
                break
            line = bytes(buffer[at : end + 1])
            if self._strict and _BARE_BREAK.search(line):
                raise BadMessageError(f"a bare line break behind {cut(line, 40)!r}")
            self._take_line(line[:-1].removesuffix(b"\r"))
            at = end + 1
        del buffer[:at]
        return bytes(content)

    def _take_line(self, line: bytes) -> None:
        if self._trailer:
            self._count_beside(len(line))
            self.complete = not line
            name, colon, _ = line.partition(b":")
            if self._strict and line and not (colon and _TOKEN.fullmatch(name.decode("latin-1"))):
                raise BadMessageError(f"the trailer {cut(line, 40)!r}")
            return
        if self._ending and not line:
            self._ending = False
            return
        size = None if self._ending else (_STRICT_SIZE if self._strict else _CHUNK_SIZE).fullmatch(line)
        if size is None:
            raise BadMessageError(f"a chunk that begins {cut(line, 40)!r}")
        self._count_beside(len(line) - size.end(1))
        self._left = int(size[1], 16)
        self._trailer = not self._left
        self._size += self._left
        if self._size > self._limit:
            raise too_large(self._limit)

    def _count_beside(self, number: int) -> None:
        self._beside += number
        if self._beside > MAX_HEAD:
            text = f"more than {MAX_HEAD:,} bytes of trailers and extensions of chunks"
            raise BadMessageError(text, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


class RequestReader:
    """Requests out of what one client sends, one after another."""

    __slots__ = ("_body", "_buffer", "_chunks", "_expects", "_head", "_length", "_pieces", "busy", "closes")

    def __init__(self) -> None:
        self.busy = False
        """Whether a part of a request has come."""
        self.closes = False
        """Whether the connection ends with the answer to the request taken last."""
        self._buffer = bytearray()
        self._head: tuple[str, str, Headers] | None = None
        self._body = b""
        self._length = 0
        self._pieces: list[bytes] = []
        self._chunks: ChunkDecoder | None = None
        self._expects = False

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self._buffer += data
        self.busy = True

    def take(self) -> Request | None:
        """Return the next request once it is whole; None before. Raises `BadMessageError`."""
        if self._head is None and not self._take_head():
            self.busy = bool(self._buffer)
            return None
        if not self._take_body():
            return None
        assert self._head is not None
        method, target, headers = self._head
        request = Request(method=method, url=target, headers=headers, body=self._body)
        self._head, self._chunks, self._body = None, None, b""
        self.busy = bool(self._buffer)
        return request

    def awaits_go_ahead(self) -> bool:
        """Whether the client waits for ``100 Continue`` (RFC 9110 section 10.1.1); true once."""
        awaits = self._expects and self._head is not None and not any(self._pieces)
        self._expects = False
        return awaits

    def _take_head(self) -> bool:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # RFC 9112 section 2.2
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n")
        if end > MAX_HEAD or (end < 0 and len(buffer) > MAX_HEAD):
            raise BadMessageError("a head that is too large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if end < 0:
            if (buffer and not 0x21 <= buffer[0] <= 0x7E and buffer != b"\r") or _BARE_BREAK.search(buffer):
                raise BadMessageError(f"what begins {cut(bytes(buffer), 40)!r}")
            return False
        head = bytes(buffer[:end])
        del buffer[: end + 4]
        self._read_head(head)
        return True

    def _read_head(self, head: bytes) -> None:
        self._head, fields, old = read_head(head)
        self.closes = ends_connection(fields.get("connection", ""), old=old)
        self._expects = fields.get("expect", "").lower() == "100-continue"
        if "transfer-encoding" in fields:
            self._chunks = ChunkDecoder(MAX_BODY, strict=True)
            return
        self._length = int(fields.get("content-length", "0")[:20])
        if self._length > MAX_BODY:
            raise too_large(MAX_BODY, self._length)

    def _take_body(self) -> bool:
        if self._chunks is not None:
            self._pieces.append(self._chunks.take(self._buffer))
            if self._chunks.complete:
                self._body, self._pieces = b"".join(self._pieces), []
            return self._chunks.complete
        if len(self._buffer) < self._length:
            return False
        if self._length:
            with memoryview(self._buffer) as came:  # a slice of the buffer itself would be a second copy
                self._body = bytes(came[: self._length])
            del self._buffer[: self._length]
        return True


def read_head(head: bytes) -> tuple[tuple[str, str, Headers], dict[str, str], bool]:
    """Return method, target and headers of a head without its empty line, the fields by name, and whether it is old.

    Raises `BadMessageError` for what is no request, and for what servers in a chain could read differently: what one
    takes for a body is the next request to another (RFC 9112 section 11.2).
    """
    breaks = head.count(b"\r\n")
    if b"\0" in head or head.count(b"\n") != breaks or head.count(b"\r") != breaks:  # RFC 9110 section 5.5
        raise BadMessageError("a head with a bare line break or a NUL in it")
    lines = head.decode("latin-1").split("\r\n")
    line = _REQUEST_LINE.fullmatch(lines[0])
    if line is None:
        raise BadMessageError(f"the request line {cut(lines[0], 40)!r}")
    method, target, major, minor = line.groups()
    if major != "1":
        raise BadMessageError(f"HTTP/{major}.{minor}", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    if target[0] != "/":
        _check_target(target)
    headers, fields = _request_fields(lines[1:])
    if "host" not in fields and minor != "0":  # RFC 9112 section 3.2
        raise BadMessageError("a head without the header Host")
    _check_framing(fields, old=minor == "0")
    return (method, target, headers), fields, minor == "0"


def _check_target(target: str) -> None:
    try:
        urlsplit(target)
    except ValueError:
        raise BadMessageError(f"the target {cut(target, 40)!r}") from None


def _check_framing(fields: dict[str, str], *, old: bool) -> None:
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked":
            raise BadMessageError(f"transfer-encoding {cut(coding, 40)!r}", HTTPStatus.NOT_IMPLEMENTED)
        if length is not None or old:
            raise BadMessageError(f"transfer-encoding {'in HTTP/1.0' if old else 'beside content-length'}")
    elif length is not None and not (length.isascii() and length.isdigit()):
        raise BadMessageError(f"content-length {cut(length, 40)!r}")


def _request_fields(lines: list[str]) -> tuple[Headers, dict[str, str]]:
    """Return the fields in order, and by name in lower case."""
    headers, fields = [], dict[str, str]()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name):
            raise BadMessageError(f"the header line {cut(line, 40)!r}")
        value, key = value.strip(" \t"), name.lower()
        headers.append((name, value))
        if key not in fields:
            fields[key] = value
        elif key in _ONCE:
            raise BadMessageError(f"two headers {key}")
        elif fields[key] != value:
            fields[key] += f", {value}"  # RFC 9110 section 5.3
    return tuple(headers), fields
