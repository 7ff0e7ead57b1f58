"""Where a URL leads."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from harness.errors import ConfigurationError
from harness.http.message import Headers, header, is_loopback

_USER = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/?#]*@", re.IGNORECASE)
DEFAULT_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Where a URL leads."""

    host: str
    port: int
    tls: bool
    netloc: str
    """Host and port as the Host header gives them."""
    authorization: str = ""
    """The header value for user and password in the URL (RFC 7617, with UTF-8); empty where it has none."""

    def authorized(self, headers: Headers) -> Headers:
        """Return ``headers`` with the credentials of the URL, unless they have others already."""
        if not self.authorization or header(headers, "authorization"):
            return headers
        marked = tuple((n, v) for n, v in headers if n.lower() != "authorization")
        return (*marked, ("authorization", self.authorization))

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a URL; raises `ConfigurationError` for one that no request can be sent to."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError as exc:
            raise ConfigurationError(
                f"{_shown(url)!r} is not a URL: {_why(exc)}. Write http://HOST:PORT/PATH."
            ) from None
        if parts.scheme not in DEFAULT_PORTS or not host:
            raise ConfigurationError(f"{_shown(url)!r} is not a receiver's URL. Write http://HOST:PORT/PATH, or https.")
        user, at, netloc = parts.netloc.rpartition("@")
        return cls(host, port, parts.scheme == "https", netloc, _basic(user) if at else "")


def _basic(user: str) -> str:
    name, _, password = user.partition(":")
    return f"Basic {b64encode(f'{unquote(name)}:{unquote(password)}'.encode()).decode()}"


def public_url(url: str) -> str:
    """Return a URL as messages show it: without user and password."""
    return _USER.sub(r"\1", url)


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL (RFC 6454); all names of this machine are one host."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme, "localhost" if is_loopback(host) else host, _port(parts)


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:  # which is reported as a URL that cannot be called
        return None


def _shown(url: str) -> str:
    """Return a URL for a message, with nothing of what may be a user and password in it."""
    return re.sub(r"^([a-z]+://)?.*@", r"\1***@", url, flags=re.DOTALL)


def _why(exc: ValueError) -> str:
    """Return why `urlsplit` refuses a URL, without the piece it quotes: a ``#`` in a password makes it the port."""
    return str(exc).partition(" as ")[0]
