"""Small bodies that unpack to far more than fits into memory, made in no time."""

from __future__ import annotations

import zlib

GZIP, DEFLATE, BARE = 31, 15, -15
"""How zlib names the formats."""
_PIECE = bytes(1 << 20)


def zeros(wbits: int, megabytes: int) -> bytes:
    """Return what unpacks to so many megabytes; its end is missing, which nobody reaches."""
    packer = zlib.compressobj(wbits=wbits)
    first, again = (packer.compress(_PIECE) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (megabytes - 1)
