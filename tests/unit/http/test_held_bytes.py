"""What a server holds is bounded over all its connections."""

from __future__ import annotations

import pytest

from harness.http.held_bytes import HeldBytes, HeldShare
from harness.http.parser import BadMessageError


def test_all_connections_together_hold_no_more_than_the_limit() -> None:
    """What one released another one may take; what is too much is refused with 503."""
    held = HeldBytes(limit=10)
    first, second = HeldShare(held), HeldShare(held)

    first.take(6)
    with pytest.raises(BadMessageError, match="10 bytes are read at a time") as refused:
        second.take(6)
    first.release()
    second.take(6)

    assert refused.value.status == 503
