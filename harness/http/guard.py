"""What decides which requests a client of the provider may send."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import httpx


class Guard(Protocol):
    """Decides which requests may be sent; see `harness.openapi.permission.Permission`."""

    @property
    def labels(self) -> Collection[str]:
        """The operations that may be called, as ``METHOD /path``."""

    @property
    def spares_credentials(self) -> bool:
        """Whether a request with a wrong credential is sent once at most."""

    def refusal(self, method: str, url: httpx.URL, *, authenticated: bool) -> str:
        """Return why a request may not be sent, empty where it may."""

    def observe(self, response: httpx.Response) -> None:
        """Learn from an answer."""
