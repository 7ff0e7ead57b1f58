"""Faults: one scripted misbehaviour of the provider each, as data."""

from __future__ import annotations

import enum
import time

import msgspec

from harness.core.dates import as_http_date
from harness.http.message import Response


class Action(enum.StrEnum):
    """What happens to the connection."""

    RESPOND = "respond"
    RESET = "reset"
    """RST before any byte of an answer."""
    CLOSE = "close"
    """FIN before any byte of an answer."""
    CUT = "cut"
    """RST in the middle of the body."""
    SILENCE = "silence"
    """No byte of an answer, for longer than a client may wait; then RST."""
    TRICKLE = "dribble"
    """An answer that comes a byte at a time, for longer than a client may wait; then RST."""
    CORRUPT = "spoil"
    """Passed on to the provider, whose answer is then corrupted."""


class Corruption(enum.StrEnum):
    """How a provider's own answer is made worthless."""

    CUT = "answer cut by RST"
    """RST in the middle of the body."""
    SHORT = "answer cut short"
    """FIN in the middle of the body."""
    MALFORMED = "answer with half its JSON"
    """The first half of the body, sent as if it were whole."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One misbehaviour, met by one request."""

    action: Action = Action.RESPOND
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    retry_after_s: int | None = None
    """Seconds given in ``Retry-After``."""
    retry_after_as_date: bool = False
    """Give them as an HTTP-date instead, reckoned when the fault is met."""
    body: bytes = b'{"title":"scripted fault"}'
    corruption: Corruption = Corruption.CUT
    """What becomes of the provider's answer, where that is what the action does."""

    @property
    def name(self) -> str:
        """How a timeline shows it."""
        if self.action is Action.CORRUPT:
            return str(self.corruption)
        if self.action is not Action.RESPOND:
            return str(self.action)
        wait = f" Retry-After {self.retry_after_s}" if self.retry_after_s is not None else ""
        return f"{self.status}{wait}{' as date' if self.retry_after_as_date else ''}"

    def response(self) -> Response:
        """Return the answer as of now."""
        headers = [("Content-Type", "application/problem+json"), *self.headers]
        if self.retry_after_s is not None:
            date = as_http_date(time.time() + self.retry_after_s)
            headers.append(("Retry-After", date if self.retry_after_as_date else str(self.retry_after_s)))
        return Response(status=self.status, reason="Scripted", headers=tuple(headers), body=self.body)


def respond(status: int, *, retry_after_s: int | None = None, as_date: bool = False) -> Fault:
    """Return an answer with that status."""
    return Fault(status=status, retry_after_s=retry_after_s, retry_after_as_date=as_date)


RESET = Fault(action=Action.RESET)
CLOSE = Fault(action=Action.CLOSE)
CUT = Fault(action=Action.CUT)
SILENCE = Fault(action=Action.SILENCE)
TRICKLE = Fault(action=Action.TRICKLE)
