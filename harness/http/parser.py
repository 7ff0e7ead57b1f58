"""HTTP/1.1 on the server's side (RFC 9112): requests out of a stream of bytes, responses as bytes made beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from harness.errors import CassetteError

MAX_HEAD = 64 * 1024
MAX_LINE = 8 * 1024
MAX_TRAILERS = 100
MAX_BODY = 64 * 1024 * 1024
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)  # RFC 9110 section 7.6.1
_UNSENDABLE = re.compile(r"[\r\n\0]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class BadRequestError(Exception):
    """What was sent is no request that can be answered; ``status`` says why."""

    def __init__(self, status: HTTPStatus) -> None:
        """Answer with ``status`` and close."""
        super().__init__(status.phrase)
        self.status = status


class Incoming(NamedTuple):
    """One request as it arrived."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    close: bool
    """Whether the connection ends with the answer."""

    @property
    def path(self) -> str:
        """The target without its origin, which a client that takes this for a proxy sends along."""
        parts = urlsplit(self.target)
        return parts._replace(scheme="", netloc="").geturl() or "/"


def take(buffer: bytearray) -> Incoming | None:
    """Return the first request in ``buffer`` and remove it; None while it is not whole.

    Raises `BadRequestError`.
    """
    end = buffer.find(b"\r\n\r\n")
    if end > MAX_HEAD or (end < 0 and len(buffer) > MAX_HEAD):
        raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    if end < 0:
        return None
    method, target, version, headers = _head(bytes(buffer[:end]))
    body = _body(buffer, end + 4, headers)
    if body is None:
        return None
    content, used = body
    del buffer[:used]
    wish = _first(headers, "connection").lower()
    close = wish == "close" or (version == "HTTP/1.0" and wish != "keep-alive")
    return Incoming(method, target, headers, content, close)


def awaits_go_ahead(buffer: bytearray) -> bool:
    """Whether a request whose head has come asks to be told before it sends its body (RFC 9110 section 10.1.1)."""
    head, whole, _ = bytes(buffer[:MAX_HEAD]).partition(b"\r\n\r\n")
    return bool(whole) and b"\r\nexpect: 100-continue" in head.lower()


def _head(head: bytes) -> tuple[str, str, str, tuple[tuple[str, str], ...]]:
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not _TOKEN.fullmatch(words[0]):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name):
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        headers.append((name, value.strip()))
    return words[0], words[1], words[2], tuple(headers)


def _first(headers: Iterable[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _body(buffer: bytearray, start: int, headers: tuple[tuple[str, str], ...]) -> tuple[bytes, int] | None:
    """Return the body and where it ends, None while it is not whole."""
    if "chunked" in _first(headers, "transfer-encoding").lower():
        return _chunked(buffer, start)
    length = _length(_first(headers, "content-length") or "0")
    if len(buffer) < start + length:
        return None
    return bytes(buffer[start : start + length]), start + length


def _chunked(buffer: bytearray, at: int) -> tuple[bytes, int] | None:
    content = bytearray()
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return None
        size = _size(bytes(buffer[at:end]), len(content))
        at = end + 2
        if size == 0:
            break
        if len(buffer) < at + size + 2:
            return None
        content += buffer[at : at + size]
        at += size + 2
    while True:  # trailers
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return None
        if end == at:
            return bytes(content), end + 2
        at = end + 2


def take_body(stream: Any, transfer_encoding: str, content_length: str | None) -> bytes:
    """Read the body of a request whose head was read; raises `BadRequestError`."""
    if "chunked" not in transfer_encoding.lower():
        length = _length(content_length or "0")
        body: bytes = stream.read(length)
        if len(body) < length:
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        return body
    content = bytearray()
    while size := _size(stream.readline(MAX_LINE), len(content)):
        content += stream.read(size)
        stream.readline(MAX_LINE)
    for _ in range(MAX_TRAILERS):
        if not stream.readline(MAX_LINE).strip():
            break
    return bytes(content)


def _length(told: str) -> int:
    if not told.isascii() or not told.isdigit():
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    if int(told[:20]) > MAX_BODY:
        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(told[:20])


def _size(line: bytes, before: int) -> int:
    """Return the size of a chunk, given its first line and the bytes before it."""
    try:
        size = int(line.partition(b";")[0], 16)
    except ValueError:
        raise BadRequestError(HTTPStatus.BAD_REQUEST) from None
    if size < 0 or before + size > MAX_BODY:
        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return size


def response_bytes(status: int, reason: str, headers: Iterable[tuple[str, str]], body: bytes, *, method: str) -> bytes:
    """Return a whole response; its length is told anew, what belonged to the recorded connection is left out.

    Raises `CassetteError` for a header that could not be sent without becoming another.
    """
    kept = [(k, v) for k, v in headers if k.lower() not in HOP_BY_HOP and k.lower() != "content-length"]
    for name, value in kept:
        if not _TOKEN.fullmatch(name) or _UNSENDABLE.search(value):
            raise CassetteError(f"The recorded header {name!r} holds a line break, or its name is none.")
    if _UNSENDABLE.search(reason):
        raise CassetteError("The recorded reason phrase holds a line break.")
    lengthless = status in (204, 304) or 100 <= status < 200  # RFC 9110 section 8.6
    head = [f"HTTP/1.1 {status} {reason}", *(f"{k}: {v}" for k, v in kept)]
    if not lengthless:
        head.append(f"content-length: {len(body)}")
    content = b"" if lengthless or method == "HEAD" else body
    return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + content


def recorded_bytes(response: dict[str, Any], *, method: str, uri: str) -> bytes:
    """Return a response of a cassette as bytes; one that points to its own server points to this one instead."""
    body = response["body"]["string"] or b""
    origin = "://".join(urlsplit(uri)[:2])
    headers = []
    for name, values in response["headers"].items():
        for value in values if isinstance(values, list | tuple) else (values,):
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            if name.lower() == "location" and text.startswith(origin + "/"):
                text = text.removeprefix(origin)
            headers.append((name, text))
    if method == "HEAD" and not body:
        length = next((v for k, v in headers if k.lower() == "content-length"), "")
        body = bytes(int(length)) if length.isdigit() and len(length) < 9 else b""
    status = response["status"]
    return response_bytes(status["code"], status.get("message") or "", headers, body, method=method)
