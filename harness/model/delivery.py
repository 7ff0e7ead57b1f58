"""A webhook event, and a delivery: one attempt to send it, with the receiver's answer and its timing."""

from __future__ import annotations

import msgspec

CLOSED = "the connection was closed without an answer"
RESET = "the connection was reset"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook fixture, unsigned: a scheme adds its headers at delivery."""

    name: str
    """File name without its ending; unique in its folder."""
    type: str
    """Event type such as ``run.succeeded``; empty when the body names none."""
    id: str
    """Event id the receiver deduplicates on; empty when the body names none."""
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    """Those that all its deliveries share; names in lower case."""
    layout: tuple[str, ...] = ()
    """Names of all headers of a delivery, spelled and ordered as the provider sends them; empty: as they come."""
    file: str = ""
    """The fixture, with its folder; empty where it comes from no file."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to send one event."""

    event: str
    """Name of the event."""
    event_id: str
    url: str
    status: int | None
    """HTTP status of the response; None when there was none."""
    seconds: float
    """From the first byte sent to the last byte of the response, in seconds."""
    connect_s: float = 0.0
    """Time to connect, TLS included, in seconds; 0 for a connection that was already open."""
    first_byte_s: float = 0.0
    """From the first byte sent to the first byte of the response, in seconds; 0 when there was none."""
    error: str = ""
    """Why there was no response, in the words of `harness.http.unanswered`; empty when there was one."""
    answer: str = ""
    """First 200 characters of the response's body."""
    whole: str = ""
    """Status, reason, header lines and body as text, if the sender stores them; an empty line before the body."""

    @property
    def acknowledged(self) -> bool:
        """Whether the receiver answered 2xx, the only response that senders count as success."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def cut(self) -> bool:
        """Whether the receiver closed the connection without a response, as it may for a body that is too large."""
        return self.status is None and self.error in (CLOSED, RESET)

    @property
    def seen(self) -> str:
        """The response in words, for a finding's ``observed``."""
        if self.status is None:
            return f"no answer: {self.error}"
        return f"HTTP {self.status}" + (f" {self.answer!r}" if self.answer else "")
