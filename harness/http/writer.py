"""Responses as the bytes that a server sends (RFC 9112 section 4)."""

from __future__ import annotations

import re

from harness.core.whole_numbers import whole_number
from harness.http.message import HOP_BY_HOP, Response, header_bytes, reason_phrase, value_bytes

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[\r\n\0]")
_ANEW = HOP_BY_HOP | {"content-length"}


def has_no_body(status: int, method: str) -> bool:
    """Whether a response never has a body (RFC 9112 section 6.3)."""
    return method == "HEAD" or status in {204, 304} or 100 <= status < 200


def response_bytes(response: Response, *, method: str, close: bool = False) -> bytes:
    """Return a whole response to a request with that ``method``; raises ValueError for what cannot be sent.

    The response to HEAD has the length that it names itself, else that of the body which is left out.
    """
    length = len(response.body)
    if method == "HEAD" and not response.body:
        named = whole_number(response.header("content-length"))
        length = length if named is None else named
    head = response_head(response, length=length, close=close)
    return head if has_no_body(response.status, method) else head + response.body


def response_head(
    response: Response, *, length: int | None = None, chunked: bool = False, close: bool = False
) -> bytes:
    """Return status line and headers for a body of ``length`` bytes, in chunks, or to the end of the connection.

    Headers of another connection and another length are left out. Raises ValueError for a header that could not be
    sent without becoming another.
    """
    fields = [(name, value) for name, value in response.headers if name.lower() not in _ANEW]
    for name, value in fields:
        if not _TOKEN.fullmatch(name) or _UNSENDABLE.search(value):
            raise ValueError(f"header {name!r} contains a line break, or its name is invalid")
    reason = response.reason or reason_phrase(response.status)
    if _UNSENDABLE.search(reason):
        raise ValueError("reason phrase contains a line break")
    lines = [f"HTTP/1.1 {response.status} ".encode() + value_bytes(reason)]
    lines += [b"%b: %b" % field for field in header_bytes(fields)]
    if response.status not in {204, 304} and response.status >= 200:  # RFC 9110 section 8.6
        if chunked:
            lines.append(b"transfer-encoding: chunked")
        elif length is not None:
            lines.append(b"content-length: %d" % length)
    if close:
        lines.append(b"connection: close")
    return b"\r\n".join([*lines, b"", b""])
