"""How long the gate of each real server takes with the budget `quick`: the median of three whole runs, start to end.

Servers that are not installed are left out: REAL_PROVIDERS=all tests/real/install. Needs an idle machine.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from _table import Row, show

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the tests are no package that is installed
from tests.real.providers.servers import ALL, gate_of, needed  # noqa: E402

REPETITIONS = 3


def main() -> None:
    """Run the gate of each server, one after the other."""
    show(f"Gates of real servers, the median of {REPETITIONS}", rows())


def rows() -> Iterator[Row]:
    """Yield for each server that is there the seconds of its gate, and the requests that its operations got."""
    for server in ALL:
        if not all(each.exists() for each in needed(server)):
            continue
        took, requests = zip(*(measured(server) for _ in range(REPETITIONS)), strict=True)
        yield Row(work=f"{server}, whole gate", value=statistics.median(took), unit="s", bar="<= 90")
        yield Row(work=f"{server}, requests to one operation, most", value=statistics.median(requests), unit="requests")


def measured(server: str) -> tuple[float, int]:
    """Return the seconds of one gate, and how many requests the operation got that got the most."""
    with tempfile.TemporaryDirectory() as folder:
        report, seconds = gate_of(server, Path(folder))
    operations = report.coverage.operations if report.coverage else ()
    return seconds, max((sum(n for s in o.sources for n in s.statuses.values()) for o in operations), default=0)


if __name__ == "__main__":
    main()
