"""What a package unpacks comes in pieces, so that a few bytes never become all of it at once."""

from __future__ import annotations

import types

import pytest

from harness.http import installed_codecs
from harness.http.installed_codecs import contents, installed_codec

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
