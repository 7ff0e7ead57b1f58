"""What a message holds, whatever coding its headers declare."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from harness.http.codings import CodingError, decoded


def coding_of(headers: Iterable[tuple[str, str]]) -> str:
    """Return the content codings that all fields together name (RFC 9110 section 5.3); empty for none."""
    return ", ".join(value for name, value in headers if name.lower() == "content-encoding")


def content_of(headers: Iterable[tuple[str, str]], body: bytes) -> bytes | None:
    """Return a body without its content codings; None for one that cannot be decoded here."""
    coding = coding_of(headers)
    if not (coding and body):
        return body
    try:
        return decoded(body, coding)[0]
    except CodingError:
        return None


def in_pieces(body: bytes) -> BytesIO | bytes:
    """Return a body as a client of httpx can send it once, piece by piece: one of bytes is copied several times."""
    return BytesIO(body) if body else b""
