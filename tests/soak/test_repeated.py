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
SEEDS = 5
"""Runs in which each planted defect is found, with another seed each time."""
BUSY_LOOPS = 2
ALL = {"HARNESS_REQUIRE_REAL": "1"}
"""A run that skips one of them, because a program is not installed, proves nothing of it: it fails."""


class Repeat(NamedTuple):
    """Arguments of pytest, additional environment variables, and the number of runs.

    ``{run}`` in a variable is replaced by the number of the run, from 1.
    """

    words: tuple[str, ...]
    settings: dict[str, str]
    times: int = 1


REPEATED = {
    "kills": Repeat(("tests/real/sandbox/test_crashes.py",), {"SANDBOX_KILLS": "52"}),
    "generated-calls": Repeat(("tests/real/sandbox/test_provider.py",), {"SANDBOX_EXAMPLES": "1000"}),
    "clean-gates": Repeat(("tests/matrix", "-k", "without_a_defect"), {"MATRIX_CLEAN_RUNS": str(TIMES)}),
    "defects": Repeat(("tests/matrix", "-k", "planted_defect", "-n2"), {"MATRIX_SEED": "{run}"}, SEEDS),
    "correct-clients": Repeat(("tests/real/clients/test_correct.py",), {"REAL_CLIENTS": "all", **ALL}, TIMES),
    "correct-receivers": Repeat(("tests/real/receivers/test_correct.py",), ALL, TIMES),
    "races": Repeat(("tests/unit", "tests/sandbox", "-n2", "--dist=worksteal"), {}, TIMES),
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_passes_once_passes_every_time(name: str, run_tests: RunTests) -> None:
    """No run fails on a busy machine."""
    repeat = REPEATED[name]
    with busy():
        for run in range(1, repeat.times + 1):
            settings = {name: value.format(run=run) for name, value in repeat.settings.items()}
            run_tests(sys.executable, *repeat.words, settings=settings)


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
