"""One request as the fault server saw it."""

from __future__ import annotations

import msgspec


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it arrived at the fault server, and how it was answered."""

    at: float
    """Monotonic time in seconds at which the whole request had arrived."""
    method: str
    path: str
    """Path and query as sent."""
    key: str
    """Its idempotency key, from a header or a member of the body; empty when the request carried none."""
    body_digest: str
    """SHA-256 of the body without a key in it, hexadecimal: where it is equal, bodies differ in the key at most."""
    fault: str
    """Name of the fault that was applied; empty when the request was forwarded to the provider."""
    status: int | None
    """Status of the response; None when the connection was broken instead."""
    fields: frozenset[str] = frozenset()
    """Names of its headers, in lower case."""
    traceparent: str = ""
    """Value of ``traceparent`` (W3C Trace Context); empty when the request carried none."""
    provider_status: int | None = None
    """Status of the provider's response, also where the client got less of it; None when it was not passed on."""
    answer_bytes: int = 0
    """Length of the body of the provider's response; 0 when the request was not passed on."""
    let_go_at: float | None = None
    """Monotonic time in seconds at which a connection without a whole response ended; None for any other."""
    asked_s: float | None = None
    """Seconds after which a scripted response asks for the next attempt; None where it does not."""
    reused: bool = False
    """Whether it came on a connection that had served a request before."""

    @property
    def operation(self) -> tuple[str, str, str, str]:
        """What makes two attempts the same operation: method, path, key and body."""
        return (self.method, self.path, self.key, self.body_digest)
