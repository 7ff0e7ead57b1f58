"""A captured delivery as a file: header lines, an empty line, and the exact bytes of the body.

The request line of HTTP/1.1 may stand above the headers, as tools show a raw request; only what a scheme signs of it is
used, its method and URL.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from harness.core.cutting import cut
from harness.core.foreign_files import read_file
from harness.errors import EventError
from harness.http.message import Headers, Request

LIMIT_BYTES = 32 * 1024 * 1024
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/[0-9](?:\.[0-9])?\s*")
_BREAKS = (b"\r\n\r\n", b"\n\n")


class HttpFixture(NamedTuple):
    """One captured delivery."""

    headers: Headers
    body: bytes
    method: str = "POST"
    target: str = ""
    """Of the request line; empty without one."""

    @property
    def message(self) -> tuple[Headers, bytes]:
        """Headers and body."""
        return self.headers, self.body

    @property
    def request(self) -> Request:
        """The request as it came."""
        return Request(method=self.method, url=self.target or "/", headers=self.headers, body=self.body)


def bytes_of(path: Path) -> bytes:
    """Return the content of a fixture; raises `EventError`."""
    try:
        size = path.stat().st_size
        if size > LIMIT_BYTES:
            raise EventError(
                f"{path} has {size:,} bytes; the limit for an event fixture is {LIMIT_BYTES:,}. Shorten the body."
            )
        return read_file(path, LIMIT_BYTES)
    except OSError as exc:
        raise EventError(f"{path} cannot be read: {exc.strerror}. Check the path and its permissions.") from None


def http_fixture(raw: bytes, path: Path) -> HttpFixture:
    """Read what `bytes_of` returned for ``path``; raises `EventError` with a line that is not a header."""
    at, separator = min(((i, b) for b in _BREAKS if (i := raw.find(b)) >= 0), default=(-1, b""))
    if at < 0:
        raise EventError(
            f"{path} has no empty line between headers and body. Write: header lines, an empty line, the body."
        )
    lines = raw[:at].decode("latin-1").splitlines()
    began = _REQUEST_LINE.fullmatch(lines[0]) if lines else None
    headers = []
    for number, line in enumerate(lines, start=1):
        if began and number == 1:
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise EventError(f"{path}:{number}: {cut(name, 40)!r} is not a header line. Write `name: value`.")
        headers.append((name.strip(), value.strip()))
    body = raw[at + len(separator) :]
    return HttpFixture(tuple(headers), body, began[1], began[2]) if began else HttpFixture(tuple(headers), body)
