"""An answer as it arrives: HTTP/1.0 and 1.1, read piece by piece, never more of it than has to be.

Own code and not h11, which takes as long for one answer as everything else of a delivery together.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

HEAD_BYTES = 64 * 1024
BODY_BYTES = 1024 * 1024
"""Of a longer answer the rest is not waited for: its status has told what counts."""
KEPT_BYTES = 800
"""Of the body, to show its beginning."""

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?\r?\n")
_END = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r?\n")


class BadAnswerError(Exception):
    """What arrived is no HTTP answer; the text says what it is."""


class Head(NamedTuple):
    """What the head of an answer says of it."""

    status: int
    length: int | None
    """Bytes of the body; None when chunks or the end of the connection tell."""
    chunked: bool
    keeps_open: bool


@lru_cache(maxsize=64)
def read_head(head: bytes) -> Head:
    """Read a head with its empty line; raises `BadAnswerError`. A receiver's heads are mostly the same."""
    line = _STATUS_LINE.match(head)
    if line is None:
        raise BadAnswerError(f"an answer that is not HTTP, beginning {head[:40]!r}")
    status, fields = int(line[2]), _fields(head[line.end() :])
    connection = fields.get(b"connection", b"").lower()
    keeps_open = b"close" not in connection if line[1] == b"1" else b"keep-alive" in connection
    chunked = b"chunked" in fields.get(b"transfer-encoding", b"").lower()
    length = fields.get(b"content-length")
    if status < 200 or status in {204, 304}:
        return Head(status, 0, chunked=False, keeps_open=keeps_open)
    if chunked or length is None:
        return Head(status, None, chunked=chunked, keeps_open=keeps_open and chunked)
    if not length.isdigit() or len(length) > 18:
        raise BadAnswerError(f"an answer with content-length {length[:40]!r}")
    return Head(status, int(length), chunked=False, keeps_open=keeps_open)


def _fields(lines: bytes) -> dict[bytes, bytes]:
    pairs = (line.partition(b":") for line in lines.splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


class Reading:
    """One answer while it arrives."""

    __slots__ = ("_buffer", "_left", "_read", "_trailer", "body", "complete", "head", "reusable")

    def __init__(self) -> None:
        self.head: Head | None = None
        self.body = b""
        """The beginning of the body."""
        self.complete = False
        self.reusable = False
        """Whether the connection is as it was before, once the answer is complete."""
        self._buffer = b""
        self._left = 0
        self._read = 0
        self._trailer = False

    def feed(self, data: bytes | bytearray) -> bool:
        """Take what arrived and tell whether the answer is complete; raises `BadAnswerError`."""
        self._buffer += data
        while self.head is None:
            if not self._take_head():
                return False
        if self.head.chunked:
            self._take_chunks()
        else:
            self._take_body()
        if not self.complete and self._read >= BODY_BYTES:
            self.complete = True  # and not reusable: more is on its way
        return self.complete

    def end(self) -> None:
        """Take the end of the connection; raises `BadAnswerError` when it came too early."""
        if self.head is None:
            raise BadAnswerError("a connection closed within the head of an answer")
        self.complete = True  # a body cut short does not change what the status told

    def _take_head(self) -> bool:
        found = _END.search(self._buffer)
        if found is None:
            if len(self._buffer) > HEAD_BYTES:
                raise BadAnswerError(f"an answer whose head is over {HEAD_BYTES // 1024} KiB")
            if len(self._buffer) >= 5 and not self._buffer.startswith(b"HTTP/"):
                raise BadAnswerError(f"an answer that is not HTTP, beginning {self._buffer[:40]!r}")
            return False
        head = read_head(self._buffer[: found.end()])
        self._buffer = self._buffer[found.end() :]
        if 100 <= head.status < 200 and head.status != 101:
            return bool(self._buffer)  # an interim answer; the real one follows
        self.head = head
        self._left = head.length if head.length is not None else -1
        return True

    def _take_body(self) -> None:
        assert self.head is not None
        taken = self._buffer if self._left < 0 else self._buffer[: self._left]
        self._keep(taken)
        self._buffer = self._buffer[len(taken) :]
        if self._left >= 0:
            self._left -= len(taken)
            if self._left == 0:
                self._finish()

    def _take_chunks(self) -> None:
        while self._buffer and not self.complete:
            if self._left > 0:
                taken = self._buffer[: self._left]
                self._keep(taken[: max(0, self._left - 2)])  # the last two bytes end the chunk
                self._left -= len(taken)
                self._buffer = self._buffer[len(taken) :]
            elif not self._take_chunk_size():
                return

    def _take_chunk_size(self) -> bool:
        if self._trailer:
            line, found, rest = self._buffer.partition(b"\n")
            if found:
                self._buffer = rest
                if not line.strip():
                    self._finish()
            return bool(found)
        size = _CHUNK_SIZE.match(self._buffer)
        if size is None:
            if b"\n" in self._buffer or len(self._buffer) > 1024:
                raise BadAnswerError(f"an answer with a chunk that begins {self._buffer[:40]!r}")
            return False
        self._buffer = self._buffer[size.end() :]
        self._left = int(size[1], 16)
        if self._left:
            self._left += 2
        else:
            self._left, self._trailer = 0, True
        return True

    def _keep(self, taken: bytes) -> None:
        self._read += len(taken)
        if len(self.body) < KEPT_BYTES:
            self.body += taken[: KEPT_BYTES - len(self.body)]

    def _finish(self) -> None:
        assert self.head is not None
        self.complete = True
        self.reusable = self.head.keeps_open and not self._buffer
