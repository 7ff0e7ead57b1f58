"""What compressed bytes hold, as far as they can be read: a log may have cut them."""

from __future__ import annotations

import zlib

from harness.http.codings import CodingError, CodingFault, decoded
from harness.http.installed_codecs import MAX_WINDOW, ZSTD_MAGIC, installed_codec
from harness.secrets.decoding.decoded import SEPARATOR

MAX_UNPACKED = 8 * 1024 * 1024
MAX_FOUND = 1000
"""Compressed parts within one text that are opened."""
LEAST = 8
"""Fewest readable bytes that chance does not bring about."""
_GZIP = b"\x1f\x8b\x08"
MUCH = f"what is beyond {MAX_UNPACKED >> 20} MiB of compressed contents"
WIDE = f"compressed contents in zstd with a window of more than {MAX_WINDOW >> 20} MiB"
GOES_ON = "compressed contents that go on where the text ends"
"""All that there is was read, unless the text is a piece of a longer one."""
MANY = f"what comes after {MAX_FOUND} compressed parts"
_READABLE = bytes([*range(32, 127), *b"\t\r\n\0"])
"""NUL is part of texts in UTF-16."""
_ENOUGH = 0.9
_PIECE = 256
"""Bytes that are opened at once: what a log has cut can be read up to the last whole one."""


def packed_parts(data: bytes, unread: set[str]) -> list[tuple[int, int, bytes]]:
    """Return start, end and content of the compressed parts of a text; their ends are those of the text.

    ``unread`` takes what is beyond a bound.
    """
    if whole := _unpacked_whole(data, unread):
        return [(0, len(data), whole)]
    parts: list[tuple[int, int, bytes]] = []
    at = data.find(_GZIP)
    while at >= 0 and len(parts) < MAX_FOUND:
        content, end = _inflated(data, at, zlib.MAX_WBITS | 16, unread)
        if content:
            parts.append((at, end, content))
        at = data.find(_GZIP, max(end, at + 1))
    if at >= 0:
        unread.add(MANY)
    return parts


def may_be_packed(data: bytes) -> bool:
    """Whether bytes show it: by a signature, or the first byte."""
    return data[:1] == b"\x78" or _GZIP in data or data.startswith(ZSTD_MAGIC)


def unpacked(data: bytes, unread: set[str]) -> bytes:
    """Return what bytes hold that were not readable in Base64 or hexadecimal; empty where nothing is."""
    if parts := packed_parts(data, unread):
        return SEPARATOR.join(content for _, _, content in parts)
    beyond = set[str]()
    content, _ = _inflated(data, 0, -zlib.MAX_WBITS, beyond)
    if len(content) >= LEAST and readable(content):
        unread |= beyond
        return content
    return _by_package(data, "br", unread) if installed_codec("br") else b""


def readable(data: bytes) -> bool:
    """Whether bytes are a text, in ASCII or another encoding, and not any bytes."""
    if len(data) < LEAST:
        return False
    if len(data.translate(None, _READABLE)) <= (1 - _ENOUGH) * len(data):
        return True
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _unpacked_whole(data: bytes, unread: set[str]) -> bytes:
    if data[:1] == b"\x78":
        return _inflated(data, 0, zlib.MAX_WBITS, unread)[0]
    if data.startswith(ZSTD_MAGIC) and installed_codec("zstd"):
        return _by_package(data, "zstd", unread)
    return b""


def _inflated(data: bytes, at: int, bits: int, unread: set[str]) -> tuple[bytes, int]:
    """Return the content of a stream as far as it can be read, and its end."""
    stream, parts, left = zlib.decompressobj(bits), list[bytes](), MAX_UNPACKED
    for begin in range(at, len(data), _PIECE):
        try:
            parts.append(stream.decompress(data[begin : begin + _PIECE], left))
        except zlib.error:
            return b"".join(parts), begin if parts else at
        left -= len(parts[-1])
        if stream.unconsumed_tail or (left <= 0 and not stream.eof):
            unread.add(MUCH)
            break
        if stream.eof:
            return b"".join(parts), min(begin + _PIECE, len(data)) - len(stream.unused_data)
    else:
        unread.add(GOES_ON)
    return b"".join(parts), len(data)


def _by_package(data: bytes, name: str, unread: set[str]) -> bytes:
    try:
        content = decoded(data, name, limit=MAX_UNPACKED)[0]
    except CodingError as exc:
        if exc.fault is CodingFault.TOO_LARGE:
            unread.add(MUCH)
        if exc.fault is CodingFault.WINDOW:
            unread.add(WIDE)
        return b""
    return b"" if content == data else content
