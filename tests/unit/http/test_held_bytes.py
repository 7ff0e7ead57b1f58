"""What a server holds is bounded, and what it held goes back to the system."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from harness.http.held_bytes import HeldBytes, HeldShare
from harness.http.parser import BadMessageError


def resident_mb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


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


@pytest.mark.skipif(sys.platform != "linux", reason="the GNU C library keeps what is free")
def test_what_threads_held_goes_back_to_the_system() -> None:
    """After bodies of many sizes in many threads, hardly any of their memory is left."""
    HeldBytes()
    before = resident_mb()

    def hold(number: int) -> None:
        for size in range(2, 20):
            kept = bytearray(size << 20), bytes(bytearray((size + number) << 20))
            assert kept

    for number in range(8):
        thread = threading.Thread(target=hold, args=(number,))
        thread.start()
        thread.join()

    assert resident_mb() - before < 10
