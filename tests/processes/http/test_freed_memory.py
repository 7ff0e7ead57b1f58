"""What a server held goes back to the system, measured in a process without other tests beside it."""

from __future__ import annotations

import subprocess
import sys

import pytest

BODIES_OF_MANY_SIZES = """
import threading
from pathlib import Path
from harness.http.held_bytes import HeldBytes

def resident_mb():
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) // 1024

def hold(number):
    for size in range(2, 20):
        kept = bytearray(size << 20), bytes(bytearray((size + number) << 20))
        assert kept

HeldBytes()
before = resident_mb()
for number in range(8):
    thread = threading.Thread(target=hold, args=(number,))
    thread.start()
    thread.join()
print(resident_mb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the GNU C library keeps what is free")
def test_what_threads_held_goes_back_to_the_system() -> None:
    """After bodies of many sizes in many threads, hardly any of their memory is left."""
    ran = subprocess.run(
        [sys.executable, "-c", BODIES_OF_MANY_SIZES], capture_output=True, text=True, check=True, timeout=60
    )

    assert int(ran.stdout) < 10
