"""What passes once passes every time: kills, clean gates, and the tests with threads and processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.soak.conftest import RunTests

TIMES = 20
BUSY_LOOPS = 2


class Repeat(NamedTuple):
    """Arguments of pytest, additional environment variables, and the number of runs."""

    words: tuple[str, ...]
    settings: dict[str, str]
    times: int = 1


REPEATED = {
    "kills": Repeat(("tests/real/sandbox/test_crashes.py",), {"SANDBOX_KILLS": "52"}),
    "generated-calls": Repeat(("tests/real/sandbox/test_provider.py",), {"SANDBOX_EXAMPLES": "1000"}),
    "clean-gates": Repeat(("tests/matrix", "-k", "without_a_defect"), {"MATRIX_CLEAN_RUNS": str(TIMES)}),
    "races": Repeat(("tests/unit", "tests/sandbox", "-n2", "--dist=worksteal"), {}, TIMES),
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_passes_once_passes_every_time(name: str, run_tests: RunTests) -> None:
    """No run fails on a busy machine."""
    repeat = REPEATED[name]
    with busy():
        for _ in range(repeat.times):
            run_tests(sys.executable, *repeat.words, settings=repeat.settings)


@contextmanager
def busy() -> Iterator[None]:
    """Keep the processor busy for the length of a block."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY_LOOPS)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
