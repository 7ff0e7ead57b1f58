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
        self.latest: dict[str, str] = {}
        """The headers when they were last asked for."""
        self._former: dict[str, str] = {}
        """What authenticated before the headers last changed."""
        self._lock = threading.Lock()

    def now(self) -> dict[str, str]:
        """Return the headers as of now."""
        given = dict((self._headers() if callable(self._headers) else self._headers) or {})
        with self._lock:
            if given != self.latest:
                self._former, self.latest = self.latest, given
        return given

    def stands_in(self, request: httpx.Request) -> bool:
        """Whether a request carries the credential; one that was replaced since it was built is replaced in it too."""
        now = self.now()
        for known in filter(None, (now, self._former)):
            if all(request.headers.get(name) == value for name, value in known.items()):
                request.headers.update({name: value for name, value in now.items() if value != known.get(name)})
                return True
        return not now


Choice = Callable[[str, str], RequestCredential | None]
"""Returns what a request of that method to that URL authenticates with; None for what all others do."""


class RequestCredentials:
    """What the requests of one client authenticate with: the same for all, but for those of some operations."""

    def __init__(self, headers: Headers, choose: Choice | None = None) -> None:
        self._usual = RequestCredential(headers)
        self._choose = choose
        self._used = {self._usual}

    def of(self, method: str, url: str) -> RequestCredential:
        """Return what a request authenticates with."""
        found = (self._choose(method, url) if self._choose else None) or self._usual
        self._used.add(found)
        return found

    def stands_in(self, request: httpx.Request) -> bool:
        """Whether a request carries the credential that it needs; see `RequestCredential.stands_in`."""
        return self.of(request.method, str(request.url)).stands_in(request)

    def carried_by(self, request: httpx.Request) -> dict[str, str]:
        """Return the headers of a request that authenticate it or another one, so that none is stored or shown."""
        self.of(request.method, str(request.url)).now()
        known = [field for used in tuple(self._used) for field in used.latest.items()]
        return {name: value for name, value in known if request.headers.get(name) == value}
