"""Content codings of bodies (RFC 9110 section 8.4.1): opened to look inside, and closed again, always the same way."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

from harness.errors import CassetteError

MAX_INFLATED = 64 * 1024 * 1024
"""Bytes that a body may have once it is opened: a small one can be made to swell without end."""


def decoded(body: bytes, coding: str) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Return what ``body`` holds and the function that packs such content again.

    ``coding`` is the value of ``Content-Encoding``. A body that is not packed although the header says so is returned
    as it is. Raises `CassetteError` for a coding that cannot be opened: what cannot be searched must not be kept.
    """
    pack: Callable[[bytes], bytes] = bytes
    for name in reversed([c.strip().lower() for c in coding.split(",") if c.strip()]):
        if name == "identity" or not body:
            continue
        if name in {"gzip", "x-gzip"}:
            body, pack = (_inflated(body, 31), _then(_gzip, pack)) if body[:2] == b"\x1f\x8b" else (body, pack)
        elif name == "deflate":
            body, pack = _deflated(body, pack)
        else:
            raise CassetteError(
                f"A body is encoded as {name!r}, so no search for secrets can see into it, and it was not recorded. "
                "Send the request with Accept-Encoding: gzip, deflate."
            )
    return body, pack


def _deflated(body: bytes, pack: Callable[[bytes], bytes]) -> tuple[bytes, Callable[[bytes], bytes]]:
    for bits in (15, -15):  # with zlib's header, as the standard has it, and without, as some servers send it
        try:
            return _inflated(body, bits), _then(zlib.compress, pack)
        except CassetteError:
            raise
        except zlib.error:
            continue
    return body, pack


def _inflated(body: bytes, bits: int) -> bytes:
    stream = zlib.decompressobj(bits)
    try:
        content = stream.decompress(body, MAX_INFLATED)
    except zlib.error:
        if bits != 31:
            raise
        raise CassetteError("A body said to be gzip is damaged, so it cannot be searched for secrets.") from None
    if stream.unconsumed_tail:
        raise CassetteError(f"A compressed body swells beyond {MAX_INFLATED >> 20} MB, so it was not recorded.")
    return content


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=6, mtime=0)  # without the time, so that equal content is equal bytes


def _then(inner: Callable[[bytes], bytes], outer: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda content: outer(inner(content))
