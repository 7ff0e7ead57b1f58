"""Real API servers before the gate, all that tests/real/providers has."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.soak.conftest import RunTests

TIMES = 20


def test_real_servers_get_the_findings_that_they_deserve(run_tests: RunTests) -> None:
    """Each true cause is found, nothing false is reported, and each finding has a cause that is known.

    Two correct ones have no finding in any of their runs.
    """
    run_tests(sys.executable, "tests/real/providers", settings={"REAL_PROVIDERS": "all", "RIGHT_RUNS": str(TIMES)})


def test_real_receivers_get_the_findings_that_they_deserve(run_tests: RunTests) -> None:
    """The same for the vendors' own receivers, each cause once, and docs/receivers.md lists it."""
    run_tests(sys.executable, "tests/real/receivers/test_receivers.py", settings={"REAL_RECEIVERS": "all"})


def test_real_clients_get_the_findings_that_they_deserve(run_tests: RunTests) -> None:
    """The same for workflows made with vendors' own SDKs, and docs/clients.md has the outcome of each case."""
    run_tests(sys.executable, "tests/real/clients", settings={"REAL_CLIENTS": "all"})
