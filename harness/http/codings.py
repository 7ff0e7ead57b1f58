"""Content codings of bodies (RFC 9110 section 8.4.1): what each means, and how a body is packed the same way again."""

from __future__ import annotations

import enum
import gzip
import zlib
from collections.abc import Callable

from harness.errors import HarnessError

MAX_DECODED = 64 * 1024 * 1024
"""Default limit of a decoded body in bytes: a small compressed body can expand without end."""
GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952 section 2.3.1
_GZIP_SYSTEM = 9  # the place of the byte that names it
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878 section 3.1.1
DECODABLE = "gzip, deflate"
"""The codings that can be opened here, as a value of ``Accept-Encoding``."""

Pack = Callable[[bytes], bytes]


class CodingFault(enum.Enum):
    """Why a body cannot be decoded."""

    UNKNOWN = "unknown"
    DAMAGED = "damaged"
    CUT = "cut"
    TOO_LARGE = "too large"


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
    decode a body and leave the header: a body that is not encoded as declared is returned unchanged, unless
    ``strict``. ``limit`` bounds the content, in bytes. Raises `CodingError`.
    """
    pack: Pack = bytes
    for name in reversed(codings_in(coding)):
        if not body:
            break
        content, packing = _DECODERS.get(name, _unknown)(body, name, limit)
        if packing is None and strict:
            fault = CodingFault.DAMAGED if name in _DECODERS else CodingFault.UNKNOWN
            raise CodingError(fault, name, f"The body is declared as {name} but is not encoded so.")
        body, pack = content, _then(packing, pack) if packing else pack
    return body, pack


def codings_in(value: str) -> list[str]:
    """Return the codings that a ``Content-Encoding`` names, in lower case, without ``identity``."""
    return [name for part in value.split(",") if (name := part.strip().lower()) not in {"", "identity"}]


Decoder = Callable[[bytes, str, int], tuple[bytes, Pack | None]]
"""Takes body, coding and limit; returns content and what packs it, or the body and None where it is not packed so."""


def _gunzipped(body: bytes, name: str, limit: int) -> tuple[bytes, Pack | None]:
    if not body.startswith(GZIP_MAGIC):
        return body, None
    content = b""
    while body.startswith(GZIP_MAGIC):  # members follow each other (RFC 1952 section 2.2)
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        content += _inflated(stream, body, name, limit - len(content))
        body = stream.unused_data
    return content, gzipped


def _deflated(body: bytes, name: str, limit: int) -> tuple[bytes, Pack | None]:
    """Open zlib's format, as the standard has it, or the bare stream that some servers send."""
    for bits, pack in ((zlib.MAX_WBITS, zlib.compress), (-zlib.MAX_WBITS, _bare_deflate)):
        stream = zlib.decompressobj(bits)
        try:
            content = _inflated(stream, body, name, limit)
        except CodingError as exc:
            if exc.fault is CodingFault.TOO_LARGE:
                raise
            continue
        if not stream.unused_data:
            return content, pack
    if _is_zlib(body) and not _is_text(body):
        raise CodingError(CodingFault.DAMAGED, name, f"The body declared as {name} is damaged.")
    return body, None


def _unknown(body: bytes, name: str, limit: int) -> tuple[bytes, Pack | None]:  # noqa: ARG001 - a Decoder
    if name == "zstd" and not body.startswith(ZSTD_MAGIC):
        return body, None
    raise CodingError(CodingFault.UNKNOWN, name, f"The body is encoded as {name!r}, which the harness cannot decode.")


_DECODERS: dict[str, Decoder] = {"gzip": _gunzipped, "x-gzip": _gunzipped, "deflate": _deflated}


def _inflated(stream: zlib._Decompress, body: bytes, name: str, limit: int) -> bytes:
    try:
        content = stream.decompress(body, limit + 1)
    except zlib.error:
        raise CodingError(CodingFault.DAMAGED, name, f"The body declared as {name} is damaged.") from None
    if len(content) > limit:
        raise CodingError(CodingFault.TOO_LARGE, name, f"The compressed body expands to more than {_size(limit)}.")
    if not stream.eof:
        raise CodingError(CodingFault.CUT, name, f"The body declared as {name} is damaged: its end is missing.")
    return content


def _is_zlib(body: bytes) -> bool:
    """Whether a body begins as RFC 1950 section 2.2 has it."""
    return len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _size(limit: int) -> str:
    return f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit} bytes"


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
