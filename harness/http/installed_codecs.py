"""Brotli and Zstandard (RFC 7932, RFC 8878) where a package that has them is installed, as it is beside most clients.

Python itself has neither before 3.14, and no client asks for one that it cannot open.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from harness.errors import HarnessError


class Stream(Protocol):
    """Unpacks one frame, as `zlib.decompressobj` does."""

    @property
    def eof(self) -> bool:
        """Whether the end of the frame was reached."""

    @property
    def unused_data(self) -> bytes:
        """What came behind that end."""

    def decompress(self, data: bytes, /) -> bytes:
        """Return what ``data`` unpacks to; the package's own error for data that is no such frame."""


class Codec(NamedTuple):
    """One coding."""

    stream: Callable[[], Stream]
    """Makes what unpacks a frame."""
    pack: Callable[[bytes], bytes]


ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878 section 3.1.1
_SINGLE_SEGMENT = 0x20  # the window is the whole content
MAX_WINDOW = 8 << 20
"""Bytes of a frame of Zstandard that are held while it is unpacked: RFC 9659 section 3 has no larger one be sent."""
_LEAST = 8
"""Bytes given at a time to a Brotli without a bound: a block of 16 MiB takes some more (RFC 7932 section 9.2)."""
_MOST = 256 * 1024
"""Bytes that a Brotli with a bound, 1.2 or newer, gives back at a time."""


class WindowError(HarnessError):
    """A frame of Zstandard needs more than `MAX_WINDOW`."""

    def __init__(self, window: int) -> None:
        size = f"{window >> 20:,} MiB" if window % (1 << 20) == 0 else f"{window:,} bytes"
        super().__init__(f"in zstd with a window of {size}, and RFC 9659 section 3 allows {MAX_WINDOW >> 20} MiB")


def contents(stream: Stream, data: bytes) -> Iterator[bytes]:
    """Yield what ``data`` unpacks to, in pieces where it may be much; the package's own error for no such frame."""
    if isinstance(stream, _BrotliStream):
        yield from stream.pieces(data)
    else:
        yield stream.decompress(data)


class _BrotliStream:
    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._is_bounded = hasattr(stream, "can_accept_more_data")
        self.eof = False
        self.unused_data = b""  # brotli refuses what comes behind the end

    def decompress(self, data: bytes, /) -> bytes:
        return b"".join(self.pieces(data))

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if not self._is_bounded:
            for at in range(0, len(data), _LEAST):
                yield self._stream.process(data[at : at + _LEAST])
        else:
            yield self._stream.process(data, output_buffer_limit=_MOST)
            while not self._stream.can_accept_more_data() and not self._stream.is_finished():
                yield self._stream.process(b"", output_buffer_limit=_MOST)
        self.eof = self._stream.is_finished()


def _brotli(module: Any) -> Codec:
    return Codec(lambda: _BrotliStream(module.Decompressor()), module.compress)


class _ZstdStream:
    """Refuses a large window before the package takes it: their own options for that are not the same."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._head: bytes | None = b""

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, /) -> bytes:
        if self._head is not None:
            data = self._head + data
            window = zstd_window(data)
            if window is None:
                self._head = data
                return b""
            if window > MAX_WINDOW:
                raise WindowError(window)
            self._head = None
        return self._stream.decompress(data)


def zstd_window(head: bytes) -> int | None:
    """Return the window of a frame that begins so (RFC 8878 section 3.1.1.1), 0 for no such frame; None for too few."""
    if not head.startswith(ZSTD_MAGIC):
        return None if ZSTD_MAGIC.startswith(head) else 0
    fields = head[len(ZSTD_MAGIC) :]
    if len(fields) < 2:
        return None
    described, window = fields[0], fields[1]
    if not described & _SINGLE_SEGMENT:
        base = 1 << (10 + (window >> 3))
        return base + base // 8 * (window & 7)
    at, length = 1 + (0, 1, 2, 4)[described & 3], 1 << (described >> 6)
    if len(fields) < at + length:
        return None
    return int.from_bytes(fields[at : at + length], "little") + (256 if length == 2 else 0)


def _zstandard(module: Any) -> Codec:
    return Codec(
        lambda: _ZstdStream(module.ZstdDecompressor().decompressobj()),
        lambda content: module.ZstdCompressor().compress(content),
    )


def _zstd(module: Any) -> Codec:
    return Codec(lambda: _ZstdStream(module.ZstdDecompressor()), module.compress)


_PACKAGES: Mapping[str, Sequence[tuple[str, Callable[[Any], Codec]]]] = {
    "br": (("brotli", _brotli), ("brotlicffi", _brotli)),
    "zstd": (("compression.zstd", _zstd), ("backports.zstd", _zstd), ("zstandard", _zstandard)),
}
"""By coding, the modules that have it."""
INSTALLABLE: Mapping[str, str] = {"br": "brotli", "zstd": "zstandard"}
"""By coding, the package to install for it."""


@functools.cache
def installed_codec(coding: str) -> Codec | None:
    """Return what packs and unpacks ``coding``; None where no package that has it is installed."""
    for name, made in _PACKAGES.get(coding, ()):
        try:
            return made(import_module(name))
        except ImportError:
            continue
    return None
