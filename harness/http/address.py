"""Where a receiver's URL leads."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from harness.errors import ConfigurationError

DEFAULT_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Where a URL leads."""

    host: str
    port: int
    tls: bool
    netloc: str
    """Host and port as the Host header gives them."""

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a URL; raises `ConfigurationError` for one that no request can be sent to."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError as exc:
            raise ConfigurationError(f"{url!r} is no URL: {exc}. Write http://HOST:PORT/PATH.") from None
        if parts.scheme not in DEFAULT_PORTS or not host:
            raise ConfigurationError(f"{url!r} is no URL of a receiver. Write http://HOST:PORT/PATH, or https.")
        return cls(host, port, parts.scheme == "https", parts.netloc.rpartition("@")[2])
