"""What a package unpacks comes in pieces, so that a few bytes never become all of it at once."""

from __future__ import annotations

import types

import pytest

from harness.http import installed_codecs
from harness.http.installed_codecs import MAX_WINDOW, ZSTD_MAGIC, WindowError, contents, installed_codec, zstd_window

EACH = 16 << 20
"""Bytes that each byte unpacks to."""


class Old:
    """A Brotli before 1.2, which gives back all at once."""

    def __init__(self) -> None:
        self.left, self.given = 0, list[int]()

    def process(self, data: bytes) -> bytes:
        self.given.append(len(data))
        return data

    def is_finished(self) -> bool:
        return False


class Bounded:
    """One since 1.2: it is asked again until it takes more."""

    def __init__(self) -> None:
        self.left = 0

    def process(self, data: bytes, output_buffer_limit: int) -> bytes:
        self.left += len(data) * EACH
        size = min(self.left, output_buffer_limit)
        self.left -= size
        return bytes(size)

    def can_accept_more_data(self) -> bool:
        return self.left == 0

    def is_finished(self) -> bool:
        return False


def opened(kind: type, monkeypatch: pytest.MonkeyPatch) -> installed_codecs.Stream:
    module = types.SimpleNamespace(Decompressor=kind, compress=bytes)
    monkeypatch.setattr(installed_codecs, "import_module", lambda _: module)
    codec = installed_codec.__wrapped__("br")
    assert codec is not None
    return codec.stream()


def test_a_bound_of_the_package_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is behind a few bytes, it comes piece by piece, and all of it."""
    sizes = [len(piece) for piece in contents(opened(Bounded, monkeypatch), b"ab")]

    assert max(sizes) == 256 * 1024
    assert sum(sizes) == 2 * EACH


def test_a_package_without_a_bound_gets_little_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of 16 MiB needs more bytes than that."""
    stream = opened(Old, monkeypatch)

    assert b"".join(contents(stream, b"x" * 64)) == b"x" * 64
    assert stream.decompress(b"y" * 20) == b"y" * 20
    assert stream._stream.given == [8] * 8 + [8, 8, 4]  # type: ignore[attr-defined]


WINDOWS = {
    "0058": 2 << 20,
    "0068": MAX_WINDOW,
    "0069": MAX_WINDOW + (1 << 20),
    "0088": 128 << 20,
    "c4ff": (1 << 41) + (7 << 38),
    "2009": 9,
    "6000ff": 256 + 0xFF00,
    "a000008000": MAX_WINDOW,
    "a30102030401008000": MAX_WINDOW + 1,
    "e00000000000010000": 1 << 40,
}
"""By what stands behind the magic number of a frame, in hexadecimal, its window (RFC 8878 section 3.1.1.1)."""


@pytest.mark.parametrize("head, window", WINDOWS.items())
def test_the_window_of_a_frame_is_read_from_its_head(head: str, window: int) -> None:
    """It has a field of its own, or is the whole content; a head that is cut has none yet."""
    frame = ZSTD_MAGIC + bytes.fromhex(head)

    assert {zstd_window(frame[:at]) for at in range(len(frame))} == {None}
    assert zstd_window(frame) == zstd_window(frame + b"more") == window
    assert zstd_window(b"plain") == 0


class Recording:
    """Stands in for a package: it counts what it gets."""

    given = 0
    eof = False
    unused_data = b""

    def decompress(self, data: bytes) -> bytes:
        Recording.given += len(data)
        return data


@pytest.mark.parametrize("module", ["compression.zstd", "zstandard"])
def test_a_large_window_is_refused_before_the_package_takes_it(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever package unpacks it, and however few bytes come at a time."""
    made = types.SimpleNamespace(decompressobj=Recording) if module == "zstandard" else Recording()
    known = {module: types.SimpleNamespace(ZstdDecompressor=lambda: made, compress=bytes)}
    monkeypatch.setattr(Recording, "given", 0)

    def found(name: str) -> types.SimpleNamespace:
        if name not in known:
            raise ImportError(name)
        return known[name]

    monkeypatch.setattr(installed_codecs, "import_module", found)
    codec = installed_codec.__wrapped__("zstd")
    assert codec is not None
    frame = ZSTD_MAGIC + b"\0\x68 a frame"

    stream = codec.stream()
    assert b"".join(stream.decompress(frame[at : at + 1]) for at in range(len(frame))) == frame
    with pytest.raises(WindowError, match=r"^in zstd with a window of 128 MiB, and RFC 9659 section 3 allows 8 MiB$"):
        codec.stream().decompress(ZSTD_MAGIC + b"\0\x88")
    with pytest.raises(WindowError, match="a window of 8,388,609 bytes"):
        codec.stream().decompress(ZSTD_MAGIC + bytes.fromhex("a001008000"))
    assert Recording.given == len(frame)
