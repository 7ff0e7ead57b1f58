"""Content codings of bodies (RFC 9110 section 8.4.1): what each means, and how a body is packed the same way again."""

from __future__ import annotations

import enum
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from harness.errors import HarnessError
from harness.http.installed_codecs import INSTALLABLE, ZSTD_MAGIC, Stream, WindowError, contents, installed_codec

MAX_DECODED = 64 * 1024 * 1024
"""Default limit of a decoded body in bytes: a small compressed body can expand without end."""
_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952 section 2.3.1
_GZIP_SYSTEM = 9  # the place of the byte that names it
_PIECE = 1024
"""Bytes unpacked at a time: Deflate makes at most 1,032 of one (zlib.net, Technical Details)."""
_PIECE_OF_OTHERS = 64
"""The same for packages of codings that make more of it."""
_NO_CODINGS = frozenset({"", "identity", "none", "binary", "utf-8", "utf8", "aws-chunked"})
"""Values with which a body is sent as it is: the standard's, and those that servers send by mistake."""
_CONTROLS = re.compile(rb"[^\t\n\f\r -~\x80-\xff]")
_ASCII_SHARE = 0.75
"""Of a text in an encoding of one byte a character."""
DECODABLE = "gzip, deflate"
"""The codings that every installation can decode, as a value of ``Accept-Encoding``."""

Pack = Callable[[bytes], bytes]


class CodingFault(enum.Enum):
    """Why a body cannot be decoded."""

    UNKNOWN = "unknown"
    DAMAGED = "damaged"
    CUT = "cut"
    TOO_LARGE = "too large"
    WINDOW = "window"


class CodingError(HarnessError):
    """A body cannot be decoded; the text names the coding and never the content."""

    def __init__(self, fault: CodingFault, coding: str, text: str) -> None:
        super().__init__(text)
        self.fault = fault
        self.coding = coding
        """The one coding of perhaps several that could not be undone."""


def decoded(body: bytes, coding: str, *, limit: int = MAX_DECODED, strict: bool = False) -> tuple[bytes, Pack]:
    """Return the content of ``body`` and the function that encodes such content again.

    ``coding`` is the value of ``Content-Encoding``, the codings in the order in which they were applied. Many clients
    decode a body and leave the header, and some servers declare what they do not apply: a body that is not encoded as
    declared is returned unchanged, unless ``strict``. ``limit`` bounds the content, in bytes. Raises `CodingError`,
    for a coding that is not known here only where the body is no plain text.
    """
    pack: Pack = bytes
    closed = ""
    for name in reversed(codings_in(coding)):
        if not body:
            break
        opened = _opened(body, name, limit)
        if opened:
            body, pack = opened[0], _then(opened[1], pack)
        elif strict:
            fault = CodingFault.DAMAGED if _decoder(name) else CodingFault.UNKNOWN
            raise CodingError(fault, name, f"The body is declared as {name} but is not encoded so.")
        elif not _decoder(name):
            closed = closed or name
    if closed and not _is_text(body):
        raise _unknown(closed)
    return body, pack


def codings_in(value: str) -> list[str]:
    """Return the codings that a ``Content-Encoding`` names, in lower case, without those that change nothing."""
    return [name for part in value.split(",") if (name := part.strip().lower()) not in _NO_CODINGS]


def recognised(body: bytes, *, limit: int = MAX_DECODED) -> tuple[bytes, Pack] | None:
    """Return what `decoded` does, by what the body begins with; None for a body that is not compressed as a whole.

    Raises `CodingError` only for one that expands to more than ``limit`` bytes, or needs too large a window.
    """
    try:
        if body.startswith(_GZIP_MAGIC):
            return _gunzipped(body, "gzip", limit)
        if body.startswith(ZSTD_MAGIC):
            return _opened(body, "zstd", limit)
        return _deflated(body, "deflate", limit) if _is_zlib(body) else None
    except CodingError as exc:
        if exc.fault in (CodingFault.TOO_LARGE, CodingFault.WINDOW):
            raise
        return None


Decoder = Callable[[bytes, str, int], tuple[bytes, Pack] | None]
"""Takes body, coding and limit; returns content and what packs it, None for a body that is not packed so."""


def _opened(body: bytes, name: str, limit: int) -> tuple[bytes, Pack] | None:
    decoder = _decoder(name)
    if decoder:
        return decoder(body, name, limit)
    if name == "zstd" and body.startswith(ZSTD_MAGIC):
        raise _unknown(name)
    return None


def _decoder(name: str) -> Decoder | None:
    """Return what opens a coding; None for one that is unknown, or whose package is not installed."""
    return _DECODERS.get(name) or (_by_package if installed_codec(name) else None)


def _unknown(name: str) -> CodingError:
    package = INSTALLABLE.get(name)
    hint = f" unless the package {package} is installed" if package else ""
    text = f"The body is encoded as {name!r}, which the harness cannot decode{hint}."
    return CodingError(CodingFault.UNKNOWN, name, text)


def _gunzipped(body: bytes, name: str, limit: int) -> tuple[bytes, Pack] | None:
    if not body.startswith(_GZIP_MAGIC):
        return None
    content = io.BytesIO()
    while body.startswith(_GZIP_MAGIC):  # members follow each other (RFC 1952 section 2.2)
        body = _unpacked(zlib.decompressobj(zlib.MAX_WBITS | 16), body, name, content, limit)
    return content.getvalue(), gzipped


def _deflated(body: bytes, name: str, limit: int) -> tuple[bytes, Pack] | None:
    """Open zlib's format, as the standard has it, or the bare stream that some servers send."""
    for bits, pack in ((zlib.MAX_WBITS, zlib.compress), (-zlib.MAX_WBITS, _bare_deflate)):
        content = io.BytesIO()
        try:
            behind = _unpacked(zlib.decompressobj(bits), body, name, content, limit)
        except CodingError as exc:
            if exc.fault is CodingFault.TOO_LARGE:
                raise
            continue
        if not behind:
            return content.getvalue(), pack
    if _is_zlib(body) and not _is_text(body):
        raise _damaged(name)
    return None


def _by_package(body: bytes, name: str, limit: int) -> tuple[bytes, Pack] | None:
    """Open Brotli, which nothing begins with that others do not, and Zstandard, frame by frame."""
    codec = installed_codec(name)
    assert codec is not None
    content = io.BytesIO()
    if name == "zstd":
        if not body.startswith(ZSTD_MAGIC):
            return None
        while body.startswith(ZSTD_MAGIC):  # frames follow each other (RFC 8878 section 3.1)
            body = _unpacked(codec.stream(), body, name, content, limit, piece=_PIECE_OF_OTHERS)
        return content.getvalue(), codec.pack
    try:
        _unpacked(codec.stream(), body, name, content, limit, piece=_PIECE_OF_OTHERS)
    except CodingError as exc:
        if exc.fault is CodingFault.TOO_LARGE or (exc.fault is CodingFault.CUT and not _is_text(body)):
            raise
        return None
    return content.getvalue(), codec.pack


def _unpacked(stream: Stream, body: bytes, name: str, content: io.BytesIO, limit: int, *, piece: int = _PIECE) -> bytes:
    """Write what one frame holds to ``content``, and return what comes behind the frame.

    A piece at a time into what grows: a stream that is asked for all at once takes its content twice while it joins it.
    """
    for at in range(0, len(body), piece):
        for part in _contents(stream, body[at : at + piece], name):
            content.write(part)
            if content.tell() > limit:
                raise _too_large(name, limit)
        if stream.eof:
            return stream.unused_data + body[at + piece :]
    raise _cut(name)


def _contents(stream: Stream, data: bytes, name: str) -> Iterator[bytes]:
    try:
        yield from contents(stream, data)
    except WindowError as exc:
        raise CodingError(CodingFault.WINDOW, name, f"The body is {exc}.") from None
    except Exception:  # noqa: BLE001 - each package has an error of its own
        raise _damaged(name) from None


_DECODERS: Mapping[str, Decoder] = {"gzip": _gunzipped, "x-gzip": _gunzipped, "deflate": _deflated}


def _damaged(name: str) -> CodingError:
    return CodingError(CodingFault.DAMAGED, name, f"The body declared as {name} is damaged.")


def _cut(name: str) -> CodingError:
    return CodingError(CodingFault.CUT, name, f"The body declared as {name} is damaged: its end is missing.")


def _too_large(name: str, limit: int) -> CodingError:
    size = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
    return CodingError(CodingFault.TOO_LARGE, name, f"The compressed body expands to more than {size}.")


def _is_zlib(body: bytes) -> bool:
    """Whether a body begins as RFC 1950 section 2.2 has it."""
    return len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0


def _is_text(body: bytes) -> bool:
    """Whether a body can be read as it is: in UTF-8, or in an encoding of one byte a character."""
    if _CONTROLS.search(body):
        return False
    with suppress(UnicodeDecodeError):
        body.decode()
        return True
    return sum(byte < 128 for byte in body) >= _ASCII_SHARE * len(body)


def gzipped(content: bytes) -> bytes:
    """Pack content without the time of day and the name of the system, so that equal content is equal bytes.

    Python writes the system as Unix in 3.11 and 3.12, and as unknown since 3.13 (RFC 1952 section 2.3.1).
    """
    packed = gzip.compress(content, compresslevel=6, mtime=0)
    return packed[:_GZIP_SYSTEM] + b"\xff" + packed[_GZIP_SYSTEM + 1 :]


def _bare_deflate(content: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


def _then(inner: Pack, outer: Pack) -> Pack:
    return lambda content: outer(inner(content))
