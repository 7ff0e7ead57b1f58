"""A recording proxy before the provider, for clients that the harness does not make: in a process of its own.

What tests replace in their process (sockets, clients, the clock) does not reach it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Self, TypeVar
from urllib.parse import urlsplit

import msgspec

from harness.errors import ProcessError
from harness.http.message import Exchange

T = TypeVar("T")

COMMAND = (sys.executable, "-P", "-m", "harness.cassettes.record.proxy_process")
END_S = 10.0


class ProxyTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where a proxy passes on to."""

    origin: str
    """Scheme, host and port of the provider: the proxy reaches nothing else."""
    production: bool
    """Whether writing requests are refused."""
    reports: bool
    """Whether what passes is stored until it is taken."""


class PassedExchange(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange that passed whole."""

    start: float
    """When it began, by `time.monotonic`: it counts alike in all processes of a machine, whose clock may be set."""
    exchange: Exchange


class ProviderProxy:
    """Passes on to the origin of one base URL, and nowhere else."""

    def __init__(self, base_url: str, *, production: bool, reports: bool = True) -> None:
        """With ``production``, writing requests are refused; unless it ``reports``, nothing can be taken."""
        parts = urlsplit(base_url)
        user, at, host = parts.netloc.rpartition("@")  # which the client sends on by itself
        self._target = ProxyTarget(origin=f"{parts.scheme}://{host}", production=production, reports=reports)
        self._user, self._path = user + at, parts.path.rstrip("/")
        self.url = ""
        """Stands for the base URL, while the proxy runs."""

    def __enter__(self) -> Self:
        """Start it; raises `ProcessError` where it does not come up."""
        self._process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        scheme, _, host = self._asked(self._target, str).partition("://")
        self.url = f"{scheme}://{self._user}{host}{self._path}"
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        try:
            self._process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def taken(self, since: float) -> list[Exchange]:
        """Return what passed since the last call and began at ``since`` or later; raises `ProcessError`.

        ``since`` is a time of `time.monotonic`.
        """
        return [passed.exchange for passed in self._asked(since, list[PassedExchange])]

    def _asked(self, question: object, kind: type[T]) -> T:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(msgspec.json.encode(question) + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            answer = b""
        if not answer:
            raise ProcessError(f"The proxy before the provider ended by itself: {self._last_words()}")
        return msgspec.json.decode(answer, type=kind)

    def _last_words(self) -> str:
        """Return the last line that it printed, or how it ended."""
        self._process.kill()
        _, errors = self._process.communicate()
        lines = errors.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.returncode}"
