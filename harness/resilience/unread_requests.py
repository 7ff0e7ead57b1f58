"""What arrived at a server that has no record of it: a credential may be there, so silence about it is no pass."""

from __future__ import annotations

import threading
from collections import Counter
from http import HTTPStatus

from harness.http.parser import BadMessageError

_NO_BODY, _NO_HEAD = "bodies that are cut or not HTTP/1.1", "requests whose heads are cut or not HTTP/1.1"
"""What cannot be searched. The reasons of refusals are not shown: they quote what arrived."""


class UnreadRequests:
    """Counts what one server did not record."""

    def __init__(self, *, bound: str, max_body: int) -> None:
        """``bound`` is in words how much it records, ``max_body`` how many bytes of a body it takes."""
        self._beyond = f"requests beyond {bound}"
        self._large = f"bodies over {max_body >> 20} MiB"
        self._lock = threading.Lock()
        self._counted: Counter[str] = Counter()

    def refuse(self, error: BadMessageError) -> None:
        """Count a request that is refused, or its body alone where the head is known."""
        if error.request is None:
            self._count(_NO_HEAD)
        else:
            self._count(self._large if error.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE else _NO_BODY)

    def exceed(self) -> None:
        """Count a request beyond the bound."""
        self._count(self._beyond)

    def _count(self, what: str) -> None:
        with self._lock:
            self._counted[what] += 1

    @property
    def words(self) -> list[str]:
        """What was not recorded, and how often."""
        with self._lock:
            return [f"{what} ({number})" for what, number in sorted(self._counted.items())]
