from __future__ import annotations

import gzip
import zlib

import httpx
import pytest

from harness.http import answer_bounds
from harness.http.answer_bounds import AnswerBound
from harness.http.installed_codecs import Codec, WindowError

BOMB = zlib.compress(bytes(80 << 20))


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "br, identity", "identity, BR", "gzip, br"])
def test_what_a_small_body_unpacks_to_is_bounded(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever package unpacks it for the client, in whatever order the codings were applied."""
    monkeypatch.setattr(
        answer_bounds, "installed_codec", lambda name: Codec(zlib.decompressobj, zlib.compress) if name != "x" else None
    )
    bound = AnswerBound(60)
    bound.declare(coding)

    with pytest.raises(httpx.ReadTimeout, match="after 64 MiB, unpacked, the answer had not ended"):
        bound.take(BOMB)


@pytest.mark.parametrize("coding", ["", "identity", "x", "gzip", "br"])
def test_what_is_not_packed_as_declared_is_only_counted(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many servers declare what they do not apply: that is for the client to find."""
    monkeypatch.setattr(
        answer_bounds,
        "installed_codec",
        lambda name: Codec(zlib.decompressobj, zlib.compress) if name == "br" else None,
    )
    bound = AnswerBound(60)
    bound.declare(coding)

    for _ in range(3):
        bound.take(b"plain text " * 100)


def test_frames_behind_one_another_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client unpacks every frame of Zstandard, so each counts."""
    monkeypatch.setattr(answer_bounds, "installed_codec", lambda _: Codec(zlib.decompressobj, zlib.compress))
    bound = AnswerBound(60)
    bound.declare("zstd")

    with pytest.raises(httpx.ReadTimeout, match="unpacked"):
        bound.take(zlib.compress(bytes(33 << 20)) * 2)


def test_a_large_window_is_refused_before_the_client_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client would take as much again; it sees no byte of such an answer."""

    class Wide:
        def decompress(self, _: bytes) -> bytes:
            raise WindowError(128 << 20)

    monkeypatch.setattr(answer_bounds, "installed_codec", lambda _: Codec(Wide, bytes))  # type: ignore[arg-type]
    bound = AnswerBound(60)
    bound.declare("zstd, gzip")

    expected = r"^the answer is in zstd with a window of 128 MiB, and RFC 9659 section 3 allows 8 MiB$"
    with pytest.raises(httpx.ReadTimeout, match=expected):
        bound.take(gzip.compress(b"a frame"))


@pytest.mark.parametrize("coding", ["", "deflate"])
@pytest.mark.parametrize("body", [b"[" + b"{}," * 400_000, b'\n {"a": [' + b"1," * 2_100_000])
def test_json_of_too_many_values_is_not_read(body: bytes, coding: str) -> None:
    """A few megabytes of it would take a gigabyte in whoever reads them."""
    bound = AnswerBound(60)
    bound.declare(coding)

    with pytest.raises(httpx.ReadTimeout, match="the answer has more than 300,000 objects and lists, or 2,000,000"):
        bound.take(zlib.compress(body) if coding else body)


def test_what_is_no_json_may_have_any_signs() -> None:
    """Images and archives are bounded by their bytes alone."""
    bound = AnswerBound(60)

    bound.take(b"\x89PNG" + b"[{,," * 1_000_000)
