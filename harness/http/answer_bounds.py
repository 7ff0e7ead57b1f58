"""The bounds of one answer, for any client: its bytes as sent, its bytes as decoded, and its time as a whole."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpx

from harness.core.foreign_json import TOO_MANY, ValueCount
from harness.http.codings import codings_in
from harness.http.installed_codecs import WindowError, contents, installed_codec

MAX_ANSWER_BYTES = 64 << 20
_UNPACKED = 256 * 1024
"""Bytes that zlib unpacks at a time."""
_PACKED = 64
"""Bytes given at a time to packages that do not bound what comes out."""

_applied: ContextVar[AnswerBound | None] = ContextVar("_applied", default=None)


def seconds_left() -> float | None:
    """Return how long the answer that is read just now may take; raises `httpx.ReadTimeout` where that has passed."""
    bound = _applied.get()
    return None if bound is None else bound.left_s


class AnswerBound:
    """What one answer may still take."""

    def __init__(self, within_s: float) -> None:
        """The time begins now."""
        self._within_s = within_s
        self._ends = time.monotonic() + within_s
        self._sent = 0
        self._unpacked = 0
        self._codings: list[_Unpacking] = []
        self._values = ValueCount()

    def declare(self, coding: str) -> None:
        """Take the value of ``Content-Encoding``: a client unpacks what it knows of it."""
        made = (_unpacking(name) for name in reversed(codings_in(coding)))
        self._codings = [each for each in made if each is not None]

    def take(self, piece: bytes) -> None:
        """Take what came, before anybody unpacks it; raises `httpx.ReadTimeout`."""
        self._sent += len(piece)
        if self._sent > MAX_ANSWER_BYTES:
            raise _not_ended(f"{MAX_ANSWER_BYTES >> 20} MiB")
        self._unpack(piece, 0)
        if time.monotonic() > self._ends:
            raise self.expired()

    @property
    def left_s(self) -> float:
        """Seconds that are left; raises `httpx.ReadTimeout` where none is."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self.expired()
        return left

    def expired(self) -> httpx.ReadTimeout:
        """Return the error for an answer whose time has passed."""
        return _not_ended(f"{self._within_s:g} s")

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Bound every wait for the network in the block, in this thread."""
        token = _applied.set(self)
        try:
            yield
        finally:
            _applied.reset(token)

    def _unpack(self, piece: bytes, number: int) -> None:
        if number == len(self._codings):
            if self._values.is_too_high(piece):
                raise httpx.ReadTimeout(f"the answer has {TOO_MANY}, more than are read; ask for less at once")
            return
        for content in self._codings[number](piece):
            self._unpacked += len(content)
            if self._unpacked > MAX_ANSWER_BYTES:
                raise _not_ended(f"{MAX_ANSWER_BYTES >> 20} MiB, unpacked,")
            self._unpack(content, number + 1)


_Unpacking = Callable[[bytes], Iterator[bytes]]


def _unpacking(coding: str) -> _Unpacking | None:
    if coding in ("gzip", "deflate"):
        return _Inflating(coding)
    codec = installed_codec(coding)
    return _by_package(codec.stream) if codec else None


class _Inflating:
    """Unpacks as httpx does: one member, and a bare stream where it is not zlib's format."""

    def __init__(self, coding: str) -> None:
        self._bare_allowed = coding == "deflate"
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | (16 if coding == "gzip" else 0))

    def __call__(self, piece: bytes) -> Iterator[bytes]:
        while piece and not self._stream.eof:
            try:
                content = self._stream.decompress(piece, _UNPACKED)
            except zlib.error:
                if not self._bare_allowed:
                    return  # the client finds the same
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
                content = b""
            else:
                piece = self._stream.unconsumed_tail
            self._bare_allowed = False
            yield content


def _by_package(opened: Callable[[], Any]) -> _Unpacking:
    stream: Any = opened()

    def unpacked(piece: bytes) -> Iterator[bytes]:
        nonlocal stream
        at = 0
        try:
            while stream is not None and at < len(piece):
                part = piece[at : at + _PACKED]
                at += len(part)
                yield from contents(stream, part)
                if stream.eof:
                    at -= len(stream.unused_data)
                    stream = opened()
        except WindowError as exc:
            raise httpx.ReadTimeout(f"the answer is {exc}") from None
        except Exception:  # noqa: BLE001 - each package has an error of its own, and the client finds the same
            stream = None

    return unpacked


def _not_ended(after: str) -> httpx.ReadTimeout:
    return httpx.ReadTimeout(f"after {after} the answer had not ended")


class BoundedBody(httpx.SyncByteStream):
    """A body that has an end."""

    def __init__(self, inner: httpx.SyncByteStream, bound: AnswerBound) -> None:
        self._inner, self._bound = inner, bound

    def __iter__(self) -> Iterator[bytes]:
        pieces = iter(self._inner)
        while True:
            with self._bound.applied():
                piece = next(pieces, None)
            if piece is None:
                return
            self._bound.take(piece)
            yield piece

    def close(self) -> None:
        """Close the body inside."""
        self._inner.close()


class BoundedAsyncBody(httpx.AsyncByteStream):
    """The same for coroutines."""

    def __init__(self, inner: httpx.AsyncByteStream, bound: AnswerBound) -> None:
        self._inner, self._bound = inner, bound

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = aiter(self._inner)
        while True:
            piece = await in_time(anext(pieces, None), self._bound)
            if piece is None:
                return
            self._bound.take(piece)
            yield piece

    async def aclose(self) -> None:
        """Close the body inside."""
        await self._inner.aclose()


async def in_time(awaited: Any, bound: AnswerBound) -> Any:
    """Return what is awaited; raises `httpx.ReadTimeout` where the time of the answer has passed before."""
    import anyio

    with anyio.move_on_after(bound.left_s):
        return await awaited
    raise bound.expired()
