"""A fault server without a script: a drill decides about each request, knowing those before it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import httpx

from harness.http.loopback_server import RawAnswer
from harness.http.message import Request, Response
from harness.http.server_connection import ServerConnection
from harness.resilience.apply_fault import apply_fault
from harness.resilience.fault_server import FaultServer
from harness.resilience.faults import CLOSE, RESET
from harness.resilience.key_places import ANY_KEY, KeyPlaces
from harness.resilience.recorded_run import RecordedAnswers

PassOn = Callable[[], Response]
"""Sends the request to the provider, and returns its response."""


class Interposed(NamedTuple):
    """How a request is answered."""

    answer: Response | RawAnswer
    fault: str = ""
    """Name in a timeline; empty where the provider's own response is passed back."""
    status: int | None = None
    """None where the connection is broken instead."""


Interpose = Callable[[Request, PassOn], Interposed]
"""Called with each request, in the thread of its connection."""


class InterposedServer(FaultServer):
    """Asks a drill what to do with each request, and logs every one."""

    def __init__(
        self,
        upstream: str,
        client: httpx.Client,
        interpose: Interpose,
        *,
        keys: KeyPlaces = ANY_KEY,
        recorded: RecordedAnswers | None = None,
    ) -> None:
        """For ``upstream``, ``client``, ``keys`` and ``recorded`` see `FaultServer`."""
        super().__init__(upstream, client, faults=(CLOSE,), then=CLOSE, keys=keys, recorded=recorded)
        self._interpose = interpose

    def respond(self, request: Request) -> Response | RawAnswer:
        """Answer a request as the drill decides."""
        at = time.monotonic()
        if self.is_flooded:
            return super().respond(request)
        interposed = self._interpose(request, lambda: self._passed_on(request))
        self._log(request, at, fault=interposed.fault, status=interposed.status)
        return interposed.answer


def passed_back(response: Response) -> Interposed:
    """Return the provider's response as it is."""
    return Interposed(response, status=response.status)


def lost(response: Response) -> Interposed:
    """Return a connection that is reset in place of the provider's response."""
    return Interposed(_reset, f"{response.status}, and the answer was lost")


def _reset(connection: ServerConnection) -> bool:
    return apply_fault(RESET, connection, hold_s=0)
