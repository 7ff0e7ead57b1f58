"""A receiver for the provider's webhooks: stores deliveries, and fails on purpose a few times first."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec

from harness.http.loopback_server import LoopbackServer
from harness.http.message import Headers, Request, Response

REFUSED_FIRST = 3
"""Number of events whose first delivery is answered with 503, so that it must be sent again."""
KEPT = 2000
MAX_BODY = 4 * 1024 * 1024
IDLE_S = 30.0
METHODS = ("POST", "PUT", "PATCH")


class Caught(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as it arrived."""

    at: float
    """Unix seconds."""
    request: Request
    """Names of its header fields in lower case."""
    event: str
    """Id of the event; empty when it has none."""
    status: int
    """What it was answered with."""

    @property
    def identity(self) -> str:
        """What distinguishes its event from every other: the id or, where it has none, the body."""
        return f"id {self.event}" if self.event else f"body {self.request.digest}"


class Catcher(LoopbackServer):
    """Appends every delivery to a file, so that any process of the run can read it."""

    def __init__(
        self,
        port: int,
        file: Path,
        *,
        event_id: Callable[[Headers, bytes], str],
        now: Callable[[], float],
        handshake: Callable[[Request], Response | None] = lambda _: None,
    ) -> None:
        """``event_id`` finds the id of an event, empty where there is none.

        ``handshake`` answers what a provider asks before its first event, which is not stored; None for a delivery.
        """
        super().__init__("catcher", port=port, max_body=MAX_BODY, idle_s=IDLE_S)
        self._file = file
        self._event_id = event_id
        self._now = now
        self._handshake = handshake
        self._lock = threading.Lock()
        self._refused: set[str] = set()
        self._kept = 0

    def __enter__(self) -> Self:
        self._file.touch(mode=0o600)
        return super().__enter__()

    def respond(self, request: Request) -> Response:
        """Store one delivery, or answer a handshake."""
        if answer := self._handshake(request):
            return answer
        if request.method not in METHODS:
            return Response(status=405, headers=(("allow", ", ".join(METHODS)),))
        headers = tuple((name.lower(), value) for name, value in request.headers)
        return Response(status=self._take(msgspec.structs.replace(request, headers=headers)))

    def _take(self, request: Request) -> int:
        """Store one delivery and return the status to answer."""
        event = self._event_id(request.headers, request.body)
        caught = Caught(at=self._now(), request=request, event=event, status=200)
        with self._lock:
            if caught.identity not in self._refused and len(self._refused) < REFUSED_FIRST:
                self._refused.add(caught.identity)
                caught = msgspec.structs.replace(caught, status=503)
            if self._kept < KEPT:
                self._kept += 1
                with self._file.open("ab") as out:
                    out.write(base64.b64encode(msgspec.msgpack.encode(caught)) + b"\n")
        return caught.status


def caught_in(file: Path) -> list[Caught]:
    """Return the deliveries stored so far, in order of arrival; a line still being written is left out."""
    lines = file.read_bytes().split(b"\n")[:-1] if file.is_file() else []
    return [msgspec.msgpack.decode(base64.b64decode(line), type=Caught) for line in lines]
