"""Faults: scripted misbehaviours of the provider, as data."""

from __future__ import annotations

import enum
import time

import msgspec

from harness.core.dates import as_http_date
from harness.http.message import Response
from harness.resilience.error_bodies import SCRIPTED, ScriptedBody


class Action(enum.StrEnum):
    """What happens to the connection."""

    RESPOND = "respond"
    RESET = "reset"
    """RST before any byte of a response."""
    CLOSE = "close"
    """FIN before any byte of a response."""
    CUT = "cut"
    """RST in the middle of the body."""
    SILENCE = "silence"
    """No byte of a response, for longer than a client may wait; then RST."""
    TRICKLE = "dribble"
    """A response one byte at a time, for longer than a client may wait; then RST."""
    CORRUPT = "spoil"
    """The request is passed on to the provider, and its response is corrupted."""


class Corruption(enum.StrEnum):
    """How the provider's own response is corrupted."""

    CUT = "answer cut by RST"
    """RST in the middle of the body."""
    SHORT = "answer cut short"
    """FIN in the middle of the body."""
    MALFORMED = "answer with half its JSON"
    """The first half of the body, sent as a complete response."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One misbehaviour, applied to one request."""

    action: Action = Action.RESPOND
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    retry_after_s: int | None = None
    """Seconds given in ``Retry-After``."""
    retry_after_as_date: bool = False
    """Whether ``Retry-After`` is an HTTP-date instead, calculated when the fault is applied."""
    body: bytes | None = None
    """None for the one that such an error of the provider has."""
    corruption: Corruption = Corruption.CUT
    """How the provider's response is corrupted, for that action."""

    @property
    def name(self) -> str:
        """Its name in a timeline."""
        if self.action is Action.CORRUPT:
            return str(self.corruption)
        if self.action is not Action.RESPOND:
            return str(self.action)
        wait = f" Retry-After {self.retry_after_s}" if self.retry_after_s is not None else ""
        return f"{self.status}{wait}{' as date' if self.retry_after_as_date else ''}"

    def response(self, error: ScriptedBody = SCRIPTED) -> Response:
        """Return the response, with dates as of now; ``error`` is its body where the fault has none of its own."""
        kind, content = (error.media_type, error.content) if self.body is None else ("application/json", self.body)
        headers = [("Content-Type", kind), *self.headers]
        if self.retry_after_s is not None:
            date = as_http_date(time.time() + self.retry_after_s)
            headers.append(("Retry-After", date if self.retry_after_as_date else str(self.retry_after_s)))
        return Response(status=self.status, reason="Scripted", headers=tuple(headers), body=content)


def respond(status: int, *, retry_after_s: int | None = None, as_date: bool = False) -> Fault:
    """Return the fault of a response with that status."""
    return Fault(status=status, retry_after_s=retry_after_s, retry_after_as_date=as_date)


RESET = Fault(action=Action.RESET)
CLOSE = Fault(action=Action.CLOSE)
CUT = Fault(action=Action.CUT)
SILENCE = Fault(action=Action.SILENCE)
TRICKLE = Fault(action=Action.TRICKLE)
