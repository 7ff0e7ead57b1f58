"""What a server holds of unanswered requests, over all its connections: many large bodies take no more than one."""

from __future__ import annotations

import ctypes
import functools
import threading
from contextlib import suppress
from http import HTTPStatus

from harness.http.parser import MAX_BODY, BadMessageError

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h, mallopt(3)
LARGE = 1 << 20
"""Bytes of a piece of memory that goes back to the system as soon as it is free."""


@functools.cache
def return_freed_memory() -> None:
    """Let this process keep no `LARGE` memory that is free.

    The GNU C library keeps what threads free, for each up to 32 MiB at a time, and what lies between cannot be used for
    the next body: after a flood that would remain. Other libraries have no such setting.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)


class HeldBytes:
    """The bytes that one server holds."""

    def __init__(self, limit: int = MAX_BODY) -> None:
        return_freed_memory()
        self._limit = limit
        self._lock = threading.Lock()
        self._total = 0

    def change(self, number: int) -> None:
        """Take ``number`` more, or give some back; raises `BadMessageError` where that would be too much."""
        with self._lock:
            if number > 0 and self._total + number > self._limit:
                text = f"a body that is too much beside others: {self._limit:,} bytes are read at a time"
                raise BadMessageError(text, HTTPStatus.SERVICE_UNAVAILABLE)
            self._total += number


class HeldShare:
    """What one connection holds of it."""

    def __init__(self, held: HeldBytes) -> None:
        self._held = held
        self._number = 0

    def take(self, number: int) -> None:
        """Hold more; raises `BadMessageError` where that is too much."""
        self._held.change(number)
        self._number += number

    def release(self) -> None:
        """Hold nothing any more."""
        if self._number:
            self._held.change(-self._number)
            self._number = 0
