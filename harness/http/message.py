"""The messages of HTTP as plain data, used by every room: a request, a response, and both together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from http import HTTPStatus

import msgspec

Headers = tuple[tuple[str, str], ...]
"""Header fields in order; a repeated field has one entry for each line."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is of this machine alone (RFC 1122 section 3.2.1.3, RFC 4291, RFC 6761)."""
    return host in LOOPBACK or host.startswith("127.") or host.endswith(".localhost")


PRECONDITIONS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"})
"""Headers that ask about the state of a resource, in lower case (RFC 9110 section 13.1)."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110 section 9.2.1, without TRACE."""
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Fields of one connection alone, in lower case (RFC 9110 section 7.6.1): never passed on, stored or replayed."""
_RENAMED = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""What RFC 9110 calls otherwise than the RFCs before it: Python has these names since 3.13."""
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


def header(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Return the first value of the field ``name``, in any case; empty when there is none."""
    name = name.lower()
    return next((value for key, value in headers if key.lower() == name), "")


def media_type(content_type: str) -> str:
    """Return the value of a Content-Type without its parameters, in lower case (RFC 9110 section 8.3.1)."""
    return content_type.partition(";")[0].strip().lower()


def media_parameter(content_type: str, name: str) -> str:
    """Return a parameter of a Content-Type, such as ``boundary``; empty for none (RFC 9110 section 8.3.1).

    A quoted value may contain the characters that end another one (section 5.6.4): so do boundaries (RFC 2046, 5.1.1).
    """
    found = re.search(rf'(?<![\w-]){name}=(?:"([^"]*)"|"?([^";,]+))', content_type, re.IGNORECASE)
    return (found[1] or found[2] or "").strip() if found else ""


def is_json(content_type: str) -> bool:
    """Whether a Content-Type means JSON (RFC 6839 section 3.1)."""
    essence = media_type(content_type)
    return essence == "application/json" or essence.endswith("+json")


def reason_phrase(status: int) -> str:
    """Return the name of a status (RFC 9110 section 15), the same under every Python; empty for one without a name."""
    try:
        return _RENAMED.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return ""


def header_bytes(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return header fields as they go over the wire: in ISO-8859-1, and in UTF-8 what that does not have.

    A value that was read from the wire holds its bytes as ISO-8859-1, which RFC 9110 section 5.5 names as the
    historical encoding of what is not ASCII, so that each goes out as it came.
    """
    return [(name.encode("latin-1", "replace"), value_bytes(value)) for name, value in headers]


def value_bytes(value: str) -> bytes:
    """Return the value of a header as it goes over the wire, see `header_bytes`."""
    for encoding, errors in (("latin-1", "strict"), ("utf-8", "surrogateescape")):
        try:
            return value.encode(encoding, errors)
        except UnicodeEncodeError:
            continue
    return value.encode(errors="replace")


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    headers: Headers = ()
    body: bytes = b""
    """As sent, compressed if ``Content-Encoding`` declares it; empty for none."""

    def header(self, name: str) -> str:
        """Return the first value of a field, in any case; empty when there is none."""
        return header(self.headers, name)

    @property
    def digest(self) -> str:
        """SHA-256 of the body, hexadecimal: equal digests mean equal bodies."""
        return hashlib.sha256(self.body).hexdigest()


class Request(_Message, frozen=True, kw_only=True):
    """One request."""

    method: str
    """As sent; methods are case-sensitive (RFC 9110 section 9.1)."""
    url: str
    """An absolute URL, or the target of the request line as sent."""

    @property
    def target(self) -> str:
        """Path and query, without an origin (RFC 9112 section 3.2.1)."""
        origin = _ORIGIN.match(self.url)
        rest = (self.url[origin.end() :] if origin else self.url).partition("#")[0]
        return f"/{rest}" if not rest or (origin and not rest.startswith("/")) else rest

    @property
    def path(self) -> str:
        """The path alone."""
        return self.target.partition("?")[0]


class Response(_Message, frozen=True, kw_only=True):
    """One response."""

    status: int
    reason: str = ""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request with its response, recorded or live."""

    request: Request
    response: Response | None = None
    """None when there was none."""
