"""What compressed bytes hold, as far as they can be read: a log may have cut them."""

from __future__ import annotations

import zlib
from contextlib import suppress

from harness.http.codings import CodingError, decoded
from harness.http.installed_codecs import installed_codec

MAX_UNPACKED = 8 * 1024 * 1024
MAX_FOUND = 1000
"""Compressed parts within one text that are opened."""
LEAST = 8
"""Fewest readable bytes that chance does not bring about."""
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_READABLE = bytes([*range(32, 127), *b"\t\r\n\0"])
"""NUL is part of texts in UTF-16."""
_ENOUGH = 0.9


def packed_parts(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return start, end and content of the compressed parts of a text; their ends are those of the text."""
    if unpacked := _unpacked_whole(data):
        return [(0, len(data), unpacked)]
    parts: list[tuple[int, int, bytes]] = []
    at = data.find(_GZIP)
    while at >= 0 and len(parts) < MAX_FOUND:
        content, end = _inflated(data, at, zlib.MAX_WBITS | 16)
        if content:
            parts.append((at, end, content))
        at = data.find(_GZIP, max(end, at + 1))
    return parts


def may_be_packed(data: bytes) -> bool:
    """Whether bytes show it: by a signature, or the first byte."""
    return data[:1] == b"\x78" or _GZIP in data or data.startswith(_ZSTD)


def unpacked(data: bytes) -> bytes:
    """Return what bytes hold that were not readable in Base64 or hexadecimal; empty where nothing is."""
    if content := _unpacked_whole(data):
        return content
    content, _ = _inflated(data, 0, -zlib.MAX_WBITS)
    if len(content) >= LEAST and readable(content):
        return content
    return _by_package(data, "br") if installed_codec("br") else b""


def readable(data: bytes) -> bool:
    """Whether bytes are a text, in ASCII or another encoding, and not any bytes."""
    if len(data) < LEAST:
        return False
    if len(data.translate(None, _READABLE)) <= (1 - _ENOUGH) * len(data):
        return True
    with suppress(UnicodeDecodeError):
        return data.decode().isprintable()
    return False


def _unpacked_whole(data: bytes) -> bytes:
    if data.startswith(_GZIP[:2]) or data[:1] == b"\x78":
        return _inflated(data, 0, zlib.MAX_WBITS | 32)[0]
    if data.startswith(_ZSTD) and installed_codec("zstd"):
        return _by_package(data, "zstd")
    return b""


def _inflated(data: bytes, at: int, bits: int) -> tuple[bytes, int]:
    stream = zlib.decompressobj(bits)
    try:
        content = stream.decompress(data[at:] if at else data, MAX_UNPACKED)
    except zlib.error:
        return b"", at
    return content, len(data) - len(stream.unused_data)


def _by_package(data: bytes, name: str) -> bytes:
    try:
        content = decoded(data, name, limit=MAX_UNPACKED)[0]
    except CodingError:
        return b""
    return b"" if content == data else content
