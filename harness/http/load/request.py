"""A request as bytes, and where it goes."""

from __future__ import annotations

from typing import NamedTuple

from harness.errors import EventError
from harness.http.message import Request

AGENT = "readiness-harness"


class Outgoing(NamedTuple):
    """One delivery before it is sent."""

    event: str
    """Name of the event."""
    event_id: str
    request: Request
    """Its URL is of the sender's own host."""


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
        request = outgoing.request
        lines = "".join([f"{name}: {value}\r\n" for name, value in request.headers])
        if lines.count("\n") != len(request.headers) or not (lines.isascii() or _is_latin_1(lines)):
            raise EventError(
                f"{outgoing.event} has a header that HTTP cannot carry: a line break or a character beyond Latin-1. "
                "Look at its type, its id and the header lines of its fixture."
            )
        head = f"{request.method} {self._target(request)}{self._opening}{len(request.body)}\r\n{lines}\r\n"
        return head.encode("latin-1") + request.body

    def _target(self, request: Request) -> str:
        url = request.url
        if url not in self._targets:
            if len(self._targets) > 1000:  # a scheme may put a digest of each body into the query
                self._targets.clear()
            self._targets[url] = request.target
        return self._targets[url]
