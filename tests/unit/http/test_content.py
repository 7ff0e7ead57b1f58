"""The content of a message, whatever coding its headers declare."""

from __future__ import annotations

import gzip
import zlib

import pytest

from harness.http.content import coding_of, content_of
from harness.http.message import Headers

TEXT = b'{"a": 1}'
ROWS: dict[str, tuple[Headers, bytes, bytes | None]] = {
    "no coding": ((("content-type", "text/plain"),), TEXT, TEXT),
    "gzip": ((("Content-Encoding", "gzip"),), gzip.compress(TEXT), TEXT),
    "gzip declared of a plain body": ((("content-encoding", "gzip"),), TEXT, TEXT),
    "two fields": (
        (("content-encoding", "deflate"), ("content-encoding", "gzip")),
        gzip.compress(zlib.compress(TEXT)),
        TEXT,
    ),
    "unknown": ((("content-encoding", "exi"),), b"\x80\x00", None),
    "damaged": ((("content-encoding", "gzip"),), gzip.compress(TEXT)[:-3], None),
    "no body": ((("content-encoding", "exi"),), b"", b""),
}


@pytest.mark.parametrize("headers,body,expected", ROWS.values(), ids=ROWS)
def test_the_content_is_what_all_codings_leave(headers: Headers, body: bytes, expected: bytes | None) -> None:
    """All fields together name the codings, and what cannot be decoded has no known content."""
    assert content_of(headers, body) == expected


def test_all_fields_name_the_codings_in_their_order() -> None:
    """The codings of a repeated field are one list (RFC 9110 section 5.3)."""
    assert coding_of((("Content-Encoding", "br"), ("x", "y"), ("content-encoding", "gzip"))) == "br, gzip"
    assert coding_of(()) == ""
