"""What a Content-Encoding means for a body that is packed as it says, otherwise, or not at all."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from harness.http import codings
from harness.http.codings import CodingError, CodingFault, decoded, gzipped, recognised
from harness.http.installed_codecs import Codec, installed_codec
from harness.secrets.decoding.packed import WIDE, unpacked
from harness.telemetry import exports
from harness.telemetry.exports import UnreadableError

TEXT = b'{"a": 1, "note": "caf\xc3\xa9"}'


def bare(content: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


@pytest.mark.parametrize("system", [b"\x03", b"\xff"], ids=["python-3.11", "python-3.13"])
def test_gzip_is_the_same_bytes_at_every_time_under_every_python(
    system: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The header contains neither the time nor the operating system (RFC 1952 section 2.3.1)."""
    plain = gzip.compress

    def packing(content: bytes, compresslevel: int = 9, *, mtime: float | None = None) -> bytes:
        packed = plain(content, compresslevel, mtime=mtime)
        return packed[:9] + system + packed[10:]

    monkeypatch.setattr(gzip, "compress", packing)
    packed = gzipped(TEXT)

    assert packed[:10] == b"\x1f\x8b\x08\x00" + b"\x00" * 5 + b"\xff"
    assert gzip.decompress(packed) == TEXT


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "latin-1": lambda content: content.decode().encode("latin-1"),
    "gzip": gzip.compress,
    "gzip in two members": lambda content: gzip.compress(content[:5]) + gzip.compress(content[5:]),
    "deflate": zlib.compress,
    "bare deflate": bare,
    "deflate, then gzip": lambda content: gzip.compress(zlib.compress(content)),
    "empty": lambda _: b"",
}
AS_IT_IS = "as it is"
ERROR = CodingFault
ROWS: list[tuple[str, dict[str, bytes | str | CodingFault]]] = [
    ("", dict.fromkeys(PACKED, AS_IT_IS)),
    ("identity", dict.fromkeys(PACKED, AS_IT_IS)),
    (
        "gzip",
        {
            "plain": AS_IT_IS,
            "gzip": TEXT,
            "gzip in two members": TEXT,
            "deflate": AS_IT_IS,
            "bare deflate": AS_IT_IS,
            "deflate, then gzip": zlib.compress(TEXT),
            "empty": AS_IT_IS,
        },
    ),
    ("X-GZIP", {"plain": AS_IT_IS, "gzip": TEXT, "empty": AS_IT_IS}),
    (
        "deflate",
        {
            "plain": AS_IT_IS,
            "gzip": AS_IT_IS,
            "deflate": TEXT,
            "bare deflate": TEXT,
            "deflate, then gzip": AS_IT_IS,
            "empty": AS_IT_IS,
        },
    ),
    (
        "deflate, gzip",
        {
            "plain": AS_IT_IS,
            "gzip": TEXT,
            "deflate": TEXT,
            "bare deflate": TEXT,
            "deflate, then gzip": TEXT,
            "empty": AS_IT_IS,
        },
    ),
    ("identity, gzip", {"plain": AS_IT_IS, "gzip": TEXT}),
    ("br", {"plain": AS_IT_IS, "latin-1": AS_IT_IS, "gzip": ERROR.UNKNOWN, "empty": AS_IT_IS}),
    ("zstd", {"plain": AS_IT_IS, "gzip": ERROR.UNKNOWN, "empty": AS_IT_IS}),
    ("gzip, br", {"plain": AS_IT_IS, "gzip": TEXT, "bare deflate": ERROR.UNKNOWN, "empty": AS_IT_IS}),
    ("br, gzip", {"plain": AS_IT_IS, "gzip": TEXT, "deflate": ERROR.UNKNOWN, "empty": AS_IT_IS}),
    ("compress", {"plain": AS_IT_IS, "deflate": ERROR.UNKNOWN, "empty": AS_IT_IS}),
    ("x-our-own", {"plain": AS_IT_IS, "latin-1": AS_IT_IS, "bare deflate": ERROR.UNKNOWN}),
    ("UTF-8", {"plain": AS_IT_IS, "bare deflate": AS_IT_IS}),
    ("none", {"plain": AS_IT_IS, "gzip": AS_IT_IS}),
    ("aws-chunked,gzip", {"plain": AS_IT_IS, "gzip": TEXT}),
]
COMBINATIONS = [(coding, form, expected) for coding, forms in ROWS for form, expected in forms.items()]


@pytest.fixture
def _without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codings, "installed_codec", lambda _: None)


@pytest.mark.usefixtures("_without_packages")
@pytest.mark.parametrize(
    "coding,form,expected", COMBINATIONS, ids=[f"{c or 'no header'}-{f}" for c, f, _ in COMBINATIONS]
)
def test_a_body_is_decoded_as_it_is_packed(coding: str, form: str, expected: bytes | str | CodingFault) -> None:
    """A header that says coded beside a plain body, and the other way round, does not change the content."""
    body = PACKED[form](TEXT)
    if isinstance(expected, CodingFault):
        with pytest.raises(CodingError) as error:
            decoded(body, coding)
        assert error.value.fault is expected
        return

    content, pack = decoded(body, coding)

    assert content == (body if expected == AS_IT_IS else expected)
    assert decoded(pack(content), coding)[0] == content
    assert pack(b"other") == b"other" if content == body else decoded(pack(b"other"), coding)[0] == b"other"


@pytest.mark.usefixtures("_without_packages")
@pytest.mark.parametrize(
    "coding,body,package",
    [("zstd", b"\x28\xb5\x2f\xfd rest", "zstandard"), ("br", b"\x1b\x0c\x00\xf8", "brotli")],
    ids=["zstd", "br"],
)
def test_what_needs_a_package_is_refused_by_its_name(coding: str, body: bytes, package: str) -> None:
    """The error names the coding, and what to install."""
    expected = f"The body is encoded as '{coding}', which the harness cannot decode unless the package {package} is "
    with pytest.raises(CodingError, match=expected) as error:
        decoded(body, coding)

    assert error.value.fault is CodingFault.UNKNOWN


MAGIC = b"\x28\xb5\x2f\xfd"


class ZlibStream:
    """Stands in for what unpacks one frame: of zlib, behind the bytes that a frame of Zstandard begins with."""

    def __init__(self, magic: bytes = MAGIC) -> None:
        self._head, self._stream = len(magic), zlib.decompressobj()

    def decompress(self, data: bytes) -> bytes:
        skipped = min(self._head, len(data))
        self._head -= skipped
        return self._stream.decompress(data[skipped:])

    process = decompress

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def is_finished(self) -> bool:
        return self.eof


def framed(content: bytes) -> bytes:
    return MAGIC + zlib.compress(content)


class Reader:
    def decompressobj(self) -> ZlibStream:
        return ZlibStream()


class Writer:
    def compress(self, content: bytes) -> bytes:
        return framed(content)


def brotli_like() -> dict[str, Any]:
    return {"Decompressor": lambda: ZlibStream(b""), "compress": zlib.compress}


PACKAGES: dict[str, tuple[str, Callable[[bytes], bytes], dict[str, Any]]] = {
    "brotli": ("br", zlib.compress, brotli_like()),
    "brotlicffi": ("br", zlib.compress, brotli_like()),
    "compression.zstd": ("zstd", framed, {"ZstdDecompressor": ZlibStream, "compress": framed}),
    "backports.zstd": ("zstd", framed, {"ZstdDecompressor": ZlibStream, "compress": framed}),
    "zstandard": ("zstd", framed, {"ZstdDecompressor": Reader, "ZstdCompressor": Writer}),
}


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in PACKAGES:
        monkeypatch.setitem(sys.modules, name, None)
    made = ModuleType(request.param)
    vars(made).update(PACKAGES[request.param][2])
    monkeypatch.setitem(sys.modules, request.param.partition(".")[0], ModuleType(request.param.partition(".")[0]))
    monkeypatch.setitem(sys.modules, request.param, made)
    installed_codec.cache_clear()
    yield request.param
    installed_codec.cache_clear()


def test_whichever_package_is_installed_opens_and_packs_its_coding(package: str) -> None:
    """A body of many pieces, alone or inside another coding, is opened and packed again; a plain one stays as it is."""
    coding, pack, _ = PACKAGES[package]
    long = bytes(range(256)) * 40

    for content in (TEXT, long, b""):
        opened, packing = decoded(pack(content), coding)
        assert (opened, decoded(packing(b"other"), coding)[0]) == (content, b"other")
        assert decoded(gzip.compress(pack(content)), f"{coding}, gzip")[0] == content
    assert decoded(TEXT, coding)[0] == TEXT
    assert decoded(long, coding)[0] == long
    assert (recognised(pack(TEXT)) or (b"", bytes))[0] == TEXT


def test_what_a_package_opens_is_bounded_and_whole(package: str) -> None:
    """However little a body has, its content is bounded, and one that is cut is not taken for whole."""
    coding, pack, _ = PACKAGES[package]

    assert decoded(pack(bytes(5000)), coding, limit=5000)[0] == bytes(5000)
    with pytest.raises(CodingError, match="expands to more than 4999 bytes"):
        decoded(pack(bytes(5000)), coding, limit=4999)
    with pytest.raises(CodingError, match=f"declared as {coding} is damaged: its end is missing"):
        decoded(pack(TEXT * 9)[:-6], coding)
    with pytest.raises(CodingError, match=f"declared as {coding} but is not"):
        decoded(b"plain text", coding, strict=True)


def test_frames_of_zstandard_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """All frames of a body are its content (RFC 8878 section 3.1), within one limit, and what follows is left out."""
    monkeypatch.setattr(codings, "installed_codec", lambda _: Codec(ZlibStream, framed))
    body = framed(TEXT) + framed(TEXT)

    assert decoded(body, "zstd")[0] == decoded(body + b"\0", "zstd")[0] == TEXT * 2
    with pytest.raises(CodingError, match="expands to"):
        decoded(body, "zstd", limit=2 * len(TEXT) - 1)


@pytest.mark.parametrize("package", ["compression.zstd", "zstandard"], indirect=True)
def test_a_large_window_is_not_opened(package: str) -> None:  # noqa: ARG001 - installed
    """A few bytes may not take the memory of a whole window, in any frame; who does not support it may refuse it."""
    wide = MAGIC + b"\0\x88" + framed(TEXT)

    for body in (wide, framed(TEXT) + wide):
        with pytest.raises(CodingError, match=r"The body is in zstd with a window of 128 MiB, .*RFC 9659") as error:
            decoded(body, "zstd")
        assert error.value.fault is CodingFault.WINDOW
        with pytest.raises(CodingError, match="window"):
            recognised(body)
    unread = set[str]()
    assert unpacked(wide, unread) == b""
    assert unread == {WIDE}
    with pytest.raises(UnreadableError, match="a window of 128 MiB"):
        exports.unpacked("zstd", wide)


@pytest.mark.parametrize("form", ["gzip", "deflate", "gzip in two members"])
def test_a_compressed_body_is_recognised_without_a_header(form: str) -> None:
    """What it begins with decides; what only begins so, is damaged or plain, is left alone."""
    opened = recognised(PACKED[form](TEXT * 9))

    assert opened is not None
    assert opened[0] == TEXT * 9
    assert recognised(PACKED[form](TEXT * 9)[:-9]) is None
    assert recognised(TEXT) is None
    assert recognised(b"x^2 + y^2") is None
    with pytest.raises(CodingError, match="expands to"):
        recognised(PACKED[form](bytes(5000)), limit=4999)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_body_that_swells_is_refused_at_the_limit(coding: str) -> None:
    """The content is bounded, whatever the coding and however many layers, and the bound itself is allowed."""
    body = PACKED[coding](bytes(5000))

    assert decoded(body, coding, limit=5000)[0] == bytes(5000)
    with pytest.raises(CodingError, match="expands to more than 4999 bytes") as error:
        decoded(body, coding, limit=4999)
    assert error.value.fault is CodingFault.TOO_LARGE
    with pytest.raises(CodingError, match="expands to more than 4999 bytes"):
        decoded(gzip.compress(body), f"{coding}, gzip", limit=4999)


def test_a_bomb_of_many_members_is_refused() -> None:
    """The limit holds for all members of a gzip body together."""
    with pytest.raises(CodingError, match="expands to"):
        decoded(gzip.compress(bytes(1000)) * 5, "gzip", limit=4999)


def test_a_cut_or_damaged_body_is_refused() -> None:
    """What begins as its coding says and cannot be decoded to its end is an error that names the coding."""
    whole = gzip.compress(TEXT * 9)

    with pytest.raises(CodingError, match="gzip is damaged: its end is missing") as cut:
        decoded(whole[:-9], "gzip")
    with pytest.raises(CodingError, match="declared as gzip is damaged") as damaged:
        decoded(whole[:-6] + bytes(6), "gzip")
    with pytest.raises(CodingError, match="declared as deflate is damaged"):
        decoded(zlib.compress(TEXT * 9)[:-20] + b"\xff" * 9, "deflate")

    assert cut.value.fault is CodingFault.CUT
    assert damaged.value.fault is CodingFault.DAMAGED


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_where_plain_bodies_are_not_expected_they_are_an_error(coding: str) -> None:
    """A strict reader refuses a body that is not packed as its header says."""
    with pytest.raises(CodingError, match=f"declared as {coding} but is not") as error:
        decoded(b"plain text", coding, strict=True)

    assert error.value.fault is CodingFault.DAMAGED
