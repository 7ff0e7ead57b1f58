"""An answer as it arrives: HTTP/1.0 and 1.1, read piece by piece, never more of it than has to be."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from harness.core.cutting import cut
from harness.http.message import Response
from harness.http.parser import MAX_HEAD, BadMessageError, ChunkDecoder, ends_connection

ANSWER_BYTES = 1024 * 1024
"""The rest of a longer answer is not awaited: the status is enough."""
STORED_BYTES = 800
"""Of the body, to show its beginning."""

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")


class AnswerHead(NamedTuple):
    """The framing that the head of an answer declares."""

    status: int
    length: int | None
    """Bytes of the body; None when chunks or the end of the connection end it."""
    chunked: bool
    keeps_open: bool
    raw: bytes
    """All of it, with its empty line."""

    @property
    def text(self) -> str:
        """Status, reason and header lines, an empty line after them."""
        lines = self.raw.decode("latin-1").splitlines()
        return "\n".join([lines[0].partition(" ")[2], *lines[1:], ""])


@lru_cache(maxsize=64)
def _answer_head(head: bytes) -> AnswerHead:
    """Read a head with its empty line; raises `BadMessageError`. A receiver's heads are mostly the same."""
    line = _STATUS_LINE.match(head)
    if line is None:
        raise BadMessageError(f"an answer that is not HTTP, beginning {cut(head, 40)!r}")
    pairs = (field.partition(b":") for field in head[line.end() :].splitlines())
    fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
    status = int(line[2])
    keeps_open = not ends_connection(fields.get(b"connection", b"").decode("latin-1"), old=line[1] == b"0")
    chunked = b"chunked" in fields.get(b"transfer-encoding", b"").lower()
    length = fields.get(b"content-length")
    if status < 200 or status in {204, 304}:
        return AnswerHead(status, 0, chunked=False, keeps_open=keeps_open, raw=head)
    if chunked or length is None:
        return AnswerHead(status, None, chunked=chunked, keeps_open=keeps_open and chunked, raw=head)
    if not length.isdigit() or len(length) > 18:
        raise BadMessageError(f"an answer with content-length {cut(length, 40)!r}")
    return AnswerHead(status, int(length), chunked=False, keeps_open=keeps_open, raw=head)


class AnswerReader:
    """One answer while it arrives."""

    __slots__ = (
        "_buffer",
        "_chunks",
        "_has_body",
        "_left",
        "_most",
        "_read",
        "_stored",
        "_undecoded",
        "body",
        "complete",
        "head",
        "reusable",
    )

    def __init__(
        self, *, most_bytes: int = ANSWER_BYTES, stored_bytes: int = STORED_BYTES, method: str = "POST"
    ) -> None:
        """The rest of a body longer than ``most_bytes`` is not awaited; at most ``stored_bytes`` are stored.

        ``method`` is that of the request: the answer to a HEAD ends with its head (RFC 9112 section 6.3).
        """
        self._has_body = method != "HEAD"
        self._most = most_bytes
        self._stored = stored_bytes
        self.head: AnswerHead | None = None
        self.body = b""
        """The beginning of the body."""
        self.complete = False
        self.reusable = False
        """Whether the connection is as it was before, once the answer is complete."""
        self._buffer = b""
        self._chunks: ChunkDecoder | None = None
        self._left = 0
        self._read = 0

    def feed(self, data: bytes | bytearray) -> bool:
        """Take what arrived and return whether the answer is complete; raises `BadMessageError`."""
        self._buffer = self._buffer + data if self._buffer else bytes(data)
        while self.head is None:
            if not self._take_head():
                return False
        if self._chunks is not None:
            self._take_chunks(self._chunks)
        else:
            self._take_body()
        if not self.complete and self._read >= self._most:
            self.complete = True  # and not reusable: more is on its way
        return self.complete

    def end(self) -> None:
        """Take the end of the connection; raises `BadMessageError` when it came too early."""
        if self.head is None:
            raise BadMessageError("a connection closed within the head of an answer")
        self.complete = True  # the status means the same although the body was cut short

    @property
    def response(self) -> Response:
        """What has arrived of the answer, its head at least; of the body the beginning that is stored."""
        assert self.head is not None
        first, *lines = self.head.text.splitlines()
        fields = ((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines if line))
        reason = first.partition(" ")[2]
        return Response(status=self.head.status, reason=reason, headers=tuple(fields), body=self.body)

    def _take_head(self) -> bool:
        found = _HEAD_END.search(self._buffer)
        if found is None:
            if len(self._buffer) > MAX_HEAD:
                raise BadMessageError(f"an answer whose head is over {MAX_HEAD // 1024} KiB")
            if len(self._buffer) >= 5 and not self._buffer.startswith(b"HTTP/"):
                raise BadMessageError(f"an answer that is not HTTP, beginning {cut(bytes(self._buffer), 40)!r}")
            return False
        end = found.end()
        head = _answer_head(self._buffer[:end])
        self._buffer = self._buffer[end:]
        if 100 <= head.status < 200 and head.status != 101:
            return bool(self._buffer)  # an interim answer; the real one follows
        self.head = head
        self._left = 0 if not self._has_body else -1 if head.length is None else head.length
        if head.chunked and self._has_body:
            self._chunks, self._undecoded = ChunkDecoder(), bytearray()
        return True

    def _take_body(self) -> None:
        taken = self._buffer if self._left < 0 else self._buffer[: self._left]
        if taken:
            self._buffer = self._buffer[len(taken) :]
            self._store(taken)
        if self._left >= 0:
            self._left -= len(taken)
            if self._left == 0:
                self._finish()

    def _take_chunks(self, chunks: ChunkDecoder) -> None:
        self._undecoded += self._buffer
        try:
            self._store(chunks.take(self._undecoded))
        except BadMessageError as exc:
            raise BadMessageError(f"an answer with {exc}") from None
        self._buffer = bytes(self._undecoded) if chunks.complete else b""
        if chunks.complete:
            self._finish()

    def _store(self, taken: bytes) -> None:
        self._read += len(taken)
        if len(self.body) < self._stored:
            self.body += taken[: self._stored - len(self.body)]

    def _finish(self) -> None:
        assert self.head is not None
        self.complete = True
        self.reusable = self.head.keeps_open and not self._buffer
