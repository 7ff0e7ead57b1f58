"""What a Content-Encoding means for a body that is packed as it says, otherwise, or not at all."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest

from harness.http.codings import CodingError, CodingFault, decoded, gzipped

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
    ("br", {"plain": ERROR.UNKNOWN, "gzip": ERROR.UNKNOWN, "empty": AS_IT_IS}),
    ("zstd", {"plain": AS_IT_IS, "gzip": AS_IT_IS, "empty": AS_IT_IS}),
    ("gzip, br", {"plain": ERROR.UNKNOWN, "gzip": ERROR.UNKNOWN, "empty": AS_IT_IS}),
    ("br, gzip", {"plain": ERROR.UNKNOWN, "gzip": ERROR.UNKNOWN, "empty": AS_IT_IS}),
    ("compress", {"plain": ERROR.UNKNOWN, "empty": AS_IT_IS}),
]
COMBINATIONS = [(coding, form, expected) for coding, forms in ROWS for form, expected in forms.items()]


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


def test_zstd_is_refused_by_name() -> None:
    """A body that is compressed with Zstandard cannot be decoded, and the error says so."""
    with pytest.raises(CodingError, match="'zstd', which the harness cannot decode") as error:
        decoded(b"\x28\xb5\x2f\xfd rest", "zstd")

    assert error.value.fault is CodingFault.UNKNOWN


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
