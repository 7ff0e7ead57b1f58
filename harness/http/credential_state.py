"""Whether the credential of a run still works, seen at every refusal: one call may end it for all that follow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path

import httpx

from harness.core.files import write_atomically
from harness.errors import CredentialLostError
from harness.http.message import SAFE_METHODS

REFUSALS = frozenset({401, 403})
LOST = "lost-credential.txt"
"""File in the run's folder: why the credential no longer works."""
MOST_KNOWN = 20
"""Operations of which a request is remembered that the credential could read."""
MOST_READ_AGAIN = 3
"""Of these, how many are read again after a refusal."""

Read = Callable[[httpx.Request], httpx.Response | None]
"""Sends a request once; None where no answer came."""


class CredentialState:
    """Learns from the answers to one process' authenticated requests; the loss is known to every process of the run."""

    def __init__(
        self,
        folder: Path,
        secured: Callable[[httpx.Request], str | None],
        taken: Callable[[httpx.Request], Hashable] = lambda _: (),
    ) -> None:
        """``folder`` is the run's; ``secured`` returns the label of an operation, None for one without credential.

        ``taken`` returns which credential a request takes: one that another could read shows nothing about it.
        """
        self._file = folder / LOST
        self._taken = taken
        self._secured = secured
        self._known: dict[str, httpx.Request] = {}
        self._usual: set[tuple[str, int]] = set()
        self._changed: httpx.Response | None = None
        """To the last call that may have changed something."""
        self._accepted: httpx.Response | None = None
        """To the last call with the credential that was not refused."""
        self._lock = threading.Lock()

    @property
    def lost(self) -> str:
        """Why the credential no longer works; empty while it does."""
        with suppress(OSError):
            return self._file.read_text(encoding="utf-8")
        return ""

    def check(self) -> None:
        """Raise `CredentialLostError` once the credential no longer works."""
        if self._file.exists():
            raise CredentialLostError(self.lost)

    def observe(self, response: httpx.Response, read: Read) -> None:
        """Learn from the answer to an authenticated request.

        Where a refusal is not usual for its operation, what could be read before is read again; raises
        `CredentialLostError` if that is refused now.
        """
        status = response.status_code
        if status not in REFUSALS:
            with self._lock:
                self._learn(response)
            return
        label = self._secured(response.request)
        if label is None or (label, status) in self._usual:
            return
        if refused := self._refused_now(label, response.request, read):
            self._note(refused)
            raise CredentialLostError(self.lost)
        with self._lock:
            self._usual.add((label, status))

    def _learn(self, response: httpx.Response) -> None:
        request = response.request
        self._accepted = response
        if request.method not in SAFE_METHODS and not response.is_error:
            self._changed = response
        readable = request.method == "GET" and response.is_success and self._is_room(request)
        if (self._usual or readable) and (label := self._secured(request)) is not None:
            self._usual -= {(label, status) for status in REFUSALS}
            if readable:
                self._known.setdefault(label, request)

    def _is_room(self, request: httpx.Request) -> bool:
        taken = self._taken(request)
        return sum(self._taken(known) == taken for known in self._known.values()) < MOST_KNOWN

    def _refused_now(self, label: str, request: httpx.Request, read: Read) -> str:
        """Return how what could be read is refused now, and not for a moment alone; empty where something still can."""
        with self._lock:
            taken = self._taken(request)
            alike = [item for item in self._known.items() if self._taken(item[1]) == taken]
            known = sorted(alike, key=lambda item: (item[0] != label, "{" in item[0]))[:MOST_READ_AGAIN]
        answers = [(found, read(request)) for found, request in known]
        refused = [(found, a) for found, a in answers if a is not None and a.status_code in REFUSALS]
        lacking = [(found, a) for found, a in refused if a.status_code == httpx.codes.UNAUTHORIZED]
        if not (lacking or (refused and len(refused) == len(answers))):
            return ""
        found, answer = (lacking or refused)[0]
        again = read(answer.request)
        if again is None or again.status_code not in REFUSALS:
            return ""
        return f"{found} answered {answer.status_code}, and 2xx before"

    def _note(self, refused: str) -> None:
        """Let every process of the run know; the first one is right about what came before."""
        before = (
            f"The last call before that changed something: {self._described(self._changed)}. " if self._changed else ""
        )
        if self._accepted is not self._changed:
            before += f"The last that was accepted: {self._described(self._accepted)}. "
        if not self._file.exists():
            text = f"The credential no longer works: {refused}. {before}Nothing was sent after that."
            write_atomically(self._file, text.encode())

    def _described(self, response: httpx.Response | None) -> str:
        assert response is not None  # what is refused now was accepted before
        request = response.request
        return f"{self._secured(request) or f'{request.method} {request.url.path}'} answered {response.status_code}"
