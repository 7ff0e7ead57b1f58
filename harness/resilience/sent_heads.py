"""The heads of a client's requests at one server, for the search for credentials: what is the same is noted once."""

from __future__ import annotations

import threading

import msgspec

from harness.http.message import Request
from harness.http.parser import BadMessageError
from harness.resilience.unread_requests import UnreadRequests

MAX_HEADS = 4 << 20
"""The most bytes of different headers that are noted of one run."""


class DeclaredPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where the provider asks for a credential."""

    query: frozenset[str] = frozenset()
    """Names of the parameters of a URL."""
    fields: frozenset[str] = frozenset()
    """Names of headers and of cookies, in lower case."""


class SentHeads:
    """Headers and refused targets of one run; it is in memory only, as credentials are in there."""

    def __init__(self, *, bound: str, max_body: int) -> None:
        """For the words of what is not noted, see `UnreadRequests`."""
        self.fields: dict[tuple[str, str], str] = {}
        """By the name of a header, in lower case, and its value: the first call that had it."""
        self.refused: dict[str, str] = {}
        """By the target of a request whose body was refused: its method. Its head was read all the same."""
        self._unread = UnreadRequests(bound=bound, max_body=max_body)
        self._lock = threading.Lock()
        self._left = MAX_HEADS

    def __repr__(self) -> str:
        return f"<{len(self.fields)} headers>"

    @property
    def unread(self) -> list[str]:
        """In words, what arrived and was not noted."""
        return self._unread.words

    def note(self, request: Request) -> None:
        """Note the headers of a request."""
        call = f"{request.method} {request.path}"
        with self._lock:
            for name, value in request.headers:
                if (field := (name.lower(), value)) not in self.fields:
                    self._left -= len(name) + len(value) + len(call)
                    if self._left < 0:
                        self._unread.exceed()
                        return
                    self.fields[field] = call

    def refuse(self, error: BadMessageError) -> None:
        """Note the head of a request whose body is refused; count one whose head cannot be read."""
        if error.request is None:
            self._unread.refuse(error)
            return
        self.note(error.request)
        with self._lock:
            self._left -= len(error.request.target)
            if self._left < 0:
                self._unread.exceed()
            else:
                self.refused.setdefault(error.request.target, error.request.method)

    def exceed(self) -> None:
        """Count a request beyond the bound."""
        self._unread.exceed()
