"""A delivery: one attempt to send an event, with the receiver's answer and its timing."""

from __future__ import annotations

import msgspec


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to send one event."""

    event: str
    """Name of the event."""
    event_id: str
    url: str
    status: int | None
    """HTTP status of the answer; None when there was none."""
    seconds: float
    """From the first byte sent to the last byte of the answer, in seconds."""
    connect_s: float = 0.0
    """Until the connection stood, TLS included; 0 when one was used that was open already."""
    first_byte_s: float = 0.0
    """From the first byte sent to the first byte of the answer; 0 when there was none."""
    error: str = ""
    """Why there was no answer: connection refused, time-out, …"""
    answer: str = ""
    """First 200 characters of the answer's body."""

    @property
    def acknowledged(self) -> bool:
        """Whether the receiver answered 2xx, the only answer senders count as success."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def seen(self) -> str:
        """The answer in words, for a finding's ``observed``."""
        if self.status is None:
            return f"no answer: {self.error}"
        return f"HTTP {self.status}" + (f" {self.answer!r}" if self.answer else "")
