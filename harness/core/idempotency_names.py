"""What carries an idempotency key, by its name: a header, or a member of the body."""

from __future__ import annotations

from harness.core.plain_names import plain

KEY_HEADERS = ("idempotency-key", "x-idempotency-key")
"""Names of the header, in lower case."""
_MEMBER = "idempotencykey"


def is_key_member(name: str) -> bool:
    """Whether a member of a body is the key, such as Square's ``idempotency_key``."""
    return plain(name) == _MEMBER
