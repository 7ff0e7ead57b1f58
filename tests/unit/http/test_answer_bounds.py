from __future__ import annotations

import zlib

import httpx
import pytest

from harness.http import answer_bounds
from harness.http.answer_bounds import AnswerBound
from harness.http.installed_codecs import Codec

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
