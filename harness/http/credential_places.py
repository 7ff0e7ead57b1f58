"""Credentials in the query or in a cookie: until a request is sent, they are fields that no header could be.

The network's transport moves them to their place at the last moment. So they are handled as those in headers are, and
no URL that the harness shows, stores or compares has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote_plus

import httpx

QUERY, COOKIE = "?", ";"
"""How the name of such a field begins; neither may be in the name of a header (RFC 9110 section 5.6.2)."""
_PLACES = (QUERY.encode(), COOKIE.encode())


def spelled(name: str) -> str:
    """Return a field's name as messages show it: that of a header in small letters, another one as it is sent."""
    return name if name.startswith((QUERY, COOKIE)) else name.lower()


def placed(request: httpx.Request) -> httpx.Request:
    """Return a request whose credential is in its place; the very same request where that is a header."""
    moved = [(name, value) for name, value in request.headers.raw if name.startswith(_PLACES)]
    if not moved:
        return request
    headers = [field for field in request.headers.raw if field not in moved]
    url = request.url
    for name, value in moved:
        if name.startswith(_PLACES[0]):
            url = _with_parameter(url, name[1:].decode("latin-1"), value)
        else:
            headers = _with_cookie(headers, name[1:], value)
    return httpx.Request(
        request.method, url, headers=headers, stream=request.stream, extensions=dict(request.extensions)
    )


def without_parameters(query: str, names: Iterable[str]) -> str:
    """Return a query without the parameters of these names, otherwise as it was written."""
    left_out = frozenset(names)
    return "&".join(field for field in query.split("&") if unquote_plus(field.partition("=")[0]) not in left_out)


def _with_parameter(url: httpx.URL, name: str, value: bytes) -> httpx.URL:
    """Return a URL with a parameter in place of those of its name."""
    others = without_parameters(url.query.decode("ascii"), [name])
    field = f"{quote(name, safe='')}={quote(value, safe='')}"
    return url.copy_with(query=f"{others}&{field}".lstrip("&").encode("ascii"))


def _with_cookie(headers: list[tuple[bytes, bytes]], name: bytes, value: bytes) -> list[tuple[bytes, bytes]]:
    """Return headers with a cookie in place of those of its name; there is one header for all (RFC 6265, 5.4)."""
    given = [part.strip() for key, text in headers if key.lower() == b"cookie" for part in text.split(b";")]
    others = [part for part in given if part and part.partition(b"=")[0] != name]
    rest = [field for field in headers if field[0].lower() != b"cookie"]
    return [*rest, (b"Cookie", b"; ".join([*others, name + b"=" + value]))]
