"""Faults: scripted misbehaviours of the provider, as data."""

from __future__ import annotations

import enum
import time

import msgspec

from harness.core.dates import as_http_date
from harness.http.message import Request, Response
from harness.resilience.error_bodies import SCRIPTED, ScriptedBody


class Action(enum.StrEnum):
    """What happens to the connection."""

    RESPOND = "respond"
    RESET = "reset"
    """RST before any byte of a response."""
    CLOSE = "close"
    """FIN before any byte of a response."""
    SILENCE = "silence"
    """No byte of a response, for longer than a client may wait; then RST."""
    TRICKLE = "dribble"
    """A response one byte at a time, for longer than a client may wait; then RST."""
    CORRUPT = "spoil"
    """The request is passed on to the provider, and its response is corrupted."""
    DELAY = "slow"
    """The request is passed on to the provider, and its response begins after some seconds."""
    NARROW = "bandwidth"
    """The request is passed on to the provider, and its response arrives at so many bytes a second."""
    INTERIM = "interim"
    """The request is passed on to the provider, and an interim response precedes the final one."""
    STALE = "stale"
    """A request on a connection that was used before ends it by FIN; one on a new connection is passed on."""


WHOLE = frozenset({Action.DELAY, Action.NARROW, Action.INTERIM})
"""Faults with which the provider's response arrives whole."""


_LASTING = frozenset({Action.SILENCE, Action.TRICKLE, Action.DELAY, Action.NARROW})


class Corruption(enum.StrEnum):
    """How the provider's own response is corrupted."""

    CUT_HEAD = "answer cut in its head"
    """FIN in the middle of the head."""
    HEAD_ALONE = "answer cut after its head"
    """FIN after the head."""
    CUT = "answer cut by RST"
    """RST in the middle of the body."""
    SHORT = "answer cut short"
    """FIN in the middle of the body: it is shorter than its Content-Length."""
    LONG = "answer longer than its length"
    """Content-Length has half of the body, which is sent whole."""
    MALFORMED = "answer with half its JSON"
    """The first half of the body, sent as a complete response."""
    BLANK = "answer without its body"
    """No body, with a Content-Length of 0, sent as a complete response."""
    EMPTIED = "{} in place of the answer"
    """An object without members, sent as a complete response where that has a body."""


OF_THE_BODY = frozenset({Corruption.CUT, Corruption.SHORT, Corruption.LONG, Corruption.MALFORMED, Corruption.BLANK})
"""Those that need a body."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One misbehaviour, applied to one request."""

    action: Action = Action.RESPOND
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    """``{target}`` in a value is replaced by the target of the request."""
    retry_after: int | str | None = None
    """``Retry-After``, in seconds or as any text."""
    retry_after_as_date: bool = False
    """Whether the seconds become an HTTP-date, calculated when the fault is applied."""
    corruption: Corruption = Corruption.CUT
    """How the provider's response is corrupted, for that action."""
    amount: float = 0.0
    """Seconds of a delay, bytes a second of a bandwidth, or status of an interim response, for those actions."""
    within_s: float = 0.0
    """Seconds after which the rest of a narrow response comes at once; 0 where all of it is narrow."""

    @property
    def name(self) -> str:
        """Its name in a timeline."""
        if self.action is Action.CORRUPT:
            return str(self.corruption)
        if self.action in (Action.DELAY, Action.NARROW, Action.INTERIM):
            unit = {Action.DELAY: " s", Action.NARROW: " B/s"}.get(self.action, "")
            return f"{self.action} {self.amount:g}{unit}"
        if self.action is not Action.RESPOND:
            return str(self.action)
        wait = f" Retry-After {self.retry_after}" if self.retry_after is not None else ""
        return f"{self.status}{wait}{' as date' if self.retry_after_as_date else ''}"

    @property
    def is_brief(self) -> bool:
        """Whether a client that recovers from it goes on at once, or after a pause of its own choice."""
        asks_for_time = isinstance(self.retry_after, int) and self.retry_after > 0
        return self.action not in _LASTING and not asks_for_time

    def response(self, error: ScriptedBody = SCRIPTED, request: Request | None = None) -> Response:
        """Return the response to a request, with dates as of now and the body ``error``."""
        target = request.target if request else "/"
        headers = [
            ("Content-Type", error.media_type),
            *((name, value.replace("{target}", target)) for name, value in self.headers),
        ]
        if self.retry_after is not None:
            wait = self.retry_after
            if self.retry_after_as_date and isinstance(wait, int):
                wait = as_http_date(time.time() + wait)
            headers.append(("Retry-After", str(wait)))
        return Response(status=self.status, reason="Scripted", headers=tuple(headers), body=error.content)


def respond(status: int, *, retry_after: int | str | None = None, as_date: bool = False) -> Fault:
    """Return the fault of a response with that status."""
    return Fault(status=status, retry_after=retry_after, retry_after_as_date=as_date)


def corrupted(kind: Corruption) -> Fault:
    """Return the fault of the provider's response, corrupted in that way."""
    return Fault(action=Action.CORRUPT, corruption=kind)


RESET = Fault(action=Action.RESET)
CLOSE = Fault(action=Action.CLOSE)
SILENCE = Fault(action=Action.SILENCE)
TRICKLE = Fault(action=Action.TRICKLE)
STALE = Fault(action=Action.STALE)
