"""HTTP/1.1 on a bare socket: requests read whole, answers written, connections broken on purpose."""

from __future__ import annotations

import hashlib
import socket
import struct
from typing import BinaryIO, NamedTuple

MAX_BODY = 64 * 1024 * 1024
MAX_HEAD = 64 * 1024
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "host", "expect"}
)  # RFC 9110 section 7.6.1, with what the next hop sets itself


class Request(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return the first header of that name, empty when there is none."""
        return next((v for k, v in self.headers if k.lower() == name), "")

    @property
    def digest(self) -> str:
        """SHA-256 of the body, hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()

    def forwarded_headers(self) -> list[tuple[str, str]]:
        """Return the headers that belong to the message and not to the connection."""
        return [(k, v) for k, v in self.headers if k.lower() not in HOP_BY_HOP | {"content-length"}]


def read_line(stream: BinaryIO) -> bytes:
    """Return the next line without its break; empty at the end. Raises ValueError when it is too long."""
    line = stream.readline(MAX_HEAD)
    if len(line) >= MAX_HEAD:
        raise ValueError("line too long")
    return line.rstrip(b"\r\n")


def read_rest(stream: BinaryIO, request_line: bytes, connection: socket.socket) -> Request:
    """Read headers and body after a request line; raises ValueError when that is no HTTP."""
    method, path, version = request_line.decode("latin-1").split(" ", 2)
    if not version.startswith("HTTP/1."):
        raise ValueError("no HTTP/1 request line")
    headers: list[tuple[str, str]] = []
    while line := read_line(stream).decode("latin-1"):
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip()))
        if len(headers) > 200:
            raise ValueError("too many headers")
    head = Request(method, path, tuple(headers), b"")
    if head.header("expect").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    return head._replace(body=_body(stream, head))


def _body(stream: BinaryIO, head: Request) -> bytes:
    if "chunked" in head.header("transfer-encoding").lower():
        return _chunked(stream)
    length = int(head.header("content-length") or 0)
    if not 0 <= length <= MAX_BODY:
        raise ValueError("body too large")
    return stream.read(length)


def _chunked(stream: BinaryIO) -> bytes:
    body = b""
    while size := int(read_line(stream).partition(b";")[0], 16):
        body += stream.read(size)
        read_line(stream)
        if len(body) > MAX_BODY:
            raise ValueError("body too large")
    while read_line(stream):  # trailers
        pass
    return body


def reset(connection: socket.socket) -> None:
    """Close with RST: what is still on its way is lost, as when a peer crashes."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
