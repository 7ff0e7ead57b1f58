"""One request as the fault server saw it."""

from __future__ import annotations

import msgspec


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it arrived at the fault server, and what it was answered with."""

    at: float
    """Monotonic seconds at which the request had come whole."""
    method: str
    path: str
    """Path and query as sent."""
    key: str
    """Value of ``Idempotency-Key``; empty when the request carried none."""
    body_digest: str
    """SHA-256 of the body, hexadecimal: equal digests mean equal bodies."""
    fault: str
    """Name of the fault it met; empty when it was passed on to the provider."""
    status: int | None
    """Status it was answered with; None when the connection was broken instead."""
    traceparent: str = ""
    """Value of ``traceparent`` (W3C Trace Context); empty when the request carried none."""

    @property
    def operation(self) -> tuple[str, str, str, str]:
        """What makes two attempts the same operation: method, path, key and body."""
        return (self.method, self.path, self.key, self.body_digest)
