"""The headers by which requests authenticate, as of now: an access token among them is renewed during a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import httpx

Headers = Mapping[str, str] | Callable[[], Mapping[str, str]] | None
"""The headers, or what returns them as of now."""


class RequestCredential:
    """What a client authenticates with, from any number of threads."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self._latest: dict[str, str] = {}
        self._former: dict[str, str] = {}
        """What authenticated before the headers last changed."""
        self._lock = threading.Lock()

    def now(self) -> dict[str, str]:
        """Return the headers as of now."""
        given = dict((self._headers() if callable(self._headers) else self._headers) or {})
        with self._lock:
            if given != self._latest:
                self._former, self._latest = self._latest, given
        return given

    def stands_in(self, request: httpx.Request) -> bool:
        """Whether a request carries the credential; one that was replaced since it was built is replaced in it too."""
        now = self.now()
        for known in filter(None, (now, self._former)):
            if all(request.headers.get(name) == value for name, value in known.items()):
                request.headers.update({name: value for name, value in now.items() if value != known.get(name)})
                return True
        return not now
