"""A request as bytes, and where it goes."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from harness.errors import EventError
from harness.http.message import Headers

AGENT = "readiness-harness"


class Outgoing(NamedTuple):
    """One delivery before it is sent."""

    event: str
    """Name of the event."""
    event_id: str
    headers: Headers
    body: bytes
    url: str
    """Where it goes; of the sender's own host."""
    method: str = "POST"


def _is_latin_1(text: str) -> bool:
    return max(text) <= "\xff"


class Writer:
    """Turns deliveries to one host into the bytes of HTTP/1.1 requests."""

    def __init__(self, netloc: str) -> None:
        """``netloc`` is the value of Host."""
        self._targets: dict[str, str] = {}
        self._opening = f" HTTP/1.1\r\nhost: {netloc}\r\nuser-agent: {AGENT}\r\ncontent-length: "

    def write(self, outgoing: Outgoing) -> bytes:
        """Return the whole request; raises `EventError` for a header that would not arrive as it is.

        Latin-1 lets a delivery carry any byte in a header, as an attacker would.
        """
        lines = "".join([f"{name}: {value}\r\n" for name, value in outgoing.headers])
        if lines.count("\n") != len(outgoing.headers) or not (lines.isascii() or _is_latin_1(lines)):
            raise EventError(
                f"{outgoing.event} has a header that HTTP cannot carry: a line break or a character beyond Latin-1. "
                "Look at its type, its id and the header lines of its fixture."
            )
        head = f"{outgoing.method} {self._target(outgoing.url)}{self._opening}{len(outgoing.body)}\r\n{lines}\r\n"
        return head.encode("latin-1") + outgoing.body

    def _target(self, url: str) -> str:
        if url not in self._targets:
            if len(self._targets) > 1000:  # a scheme may put a digest of each body into the query
                self._targets.clear()
            parts = urlsplit(url)
            self._targets[url] = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return self._targets[url]
