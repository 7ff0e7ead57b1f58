"""All cases of the sandbox' client, beside those of another checkout, such as the commit before a change.

Usage: ``python benchmarks/resilience.py [--before DIR] [--sdks] [--json]``, where DIR is a checkout with its own
``.venv`` (``git worktree add DIR REV``, then ``make -C DIR setup``). Both run ``harness gate --only resilience`` on
their own sandbox, in turns, so that a machine that gets slower slows both; without ``--before`` this one runs alone.
Measured too is what a request costs on its way through the fault server, in turns with the same request sent to the
provider itself. ``--sdks`` measures instead the client with each vendor's SDK that tests/real/install brought, one
after another, from start to end of its gate.

Bars: at most 1.5 times the time of the other checkout; at most 0.5 ms for a request that is passed on; at most 60
seconds for the client with an SDK.
"""

from __future__ import annotations

import argparse
import http.server
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from _table import Row, show

from harness.http.client import Network
from harness.resilience.fault_server import FaultServer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the tests are no package that is installed
from tests.real.clients import survey  # noqa: E402

ROUNDS = 3
REQUESTS = 500
LONGEST_S = 900


class Cost(NamedTuple):
    """What all cases of a sandbox' client take, in seconds."""

    wall: float
    processor: float


def gate(checkout: Path) -> Cost:
    """Return what all cases of the client of a checkout's sandbox take."""
    with tempfile.TemporaryDirectory() as reports:
        begin, before = time.monotonic(), _processor_s()
        subprocess.run(
            [checkout / ".venv" / "bin" / "harness", "gate", "--only", "resilience", "--reports", reports],
            cwd=checkout,
            capture_output=True,
            check=False,  # a gate of a few items is never READY
            timeout=LONGEST_S,
        )
        cost = Cost(time.monotonic() - begin, _processor_s() - before)
        assert (Path(reports) / "readiness.json").is_file(), f"{checkout}: the gate wrote no report"
        return cost


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Small(http.server.BaseHTTPRequestHandler):
    """Answers 200 with a small body."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits until the headers are acknowledged, some 40 ms

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def provider() -> Iterator[str]:
    """Serve `Small` for the block."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Small)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def quick_ms(*urls: str) -> list[float]:
    """Return the milliseconds of one request to each URL, asked in turns on connections that stay open.

    Of ten requests, nine take longer: so a busy machine hardly counts.
    """
    taken: dict[str, list[float]] = {url: [] for url in urls}
    with httpx.Client(trust_env=False) as client:
        for _ in range(REQUESTS):
            for url in urls:
                begin = time.perf_counter()
                client.get(url).raise_for_status()
                taken[url].append(time.perf_counter() - begin)
    return [statistics.quantiles(times, n=10)[0] * 1000 for times in taken.values()]


def passed_on_ms() -> float:
    """Return what the fault server adds to a request."""
    with provider() as direct, Network().client() as client, FaultServer(direct, client, faults=[]) as server:
        passed_on, plain = quick_ms(server.url, direct)
        return passed_on - plain


def rows_of(work: str, costs: Sequence[Cost]) -> Iterator[Row]:
    """Yield the least that was taken."""
    yield Row(work=work, value=min(cost.wall for cost in costs), unit="s")
    yield Row(work=f"{work}, processor time", value=min(cost.processor for cost in costs), unit="s")


def sdk_rows() -> Iterator[Row]:
    """Yield the seconds of all cases of the client with each SDK, median of three."""
    for sdk in survey.CLIENTS:
        if not sdk.home.is_dir():
            continue
        taken = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                taken.append(survey.gated(sdk.name, Path(folder))[1])
        yield Row(work=sdk.heading, value=statistics.median(taken), unit="s", bar="<= 60")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sdks", action="store_true")
    arguments = parser.parse_args()
    if arguments.sdks:
        show("Client cases of vendors' SDKs", list(sdk_rows()))
        return
    before = arguments.before
    turns = [(gate(before.resolve()) if before else Cost(0, 0), gate(ROOT)) for _ in range(ROUNDS)]
    rows = list(rows_of("all cases of the sandbox client", [ours for _, ours in turns]))
    if before:
        ratio = statistics.median(ours.wall / theirs.wall for theirs, ours in turns)
        rows += rows_of("the same, the other checkout", [theirs for theirs, _ in turns])
        rows.append(Row(work="this checkout over the other", value=ratio, unit="x", bar="<= 1.5"))
    show(
        "Client cases", [*rows, Row(work="added to a passed-on request", value=passed_on_ms(), unit="ms", bar="<= 0.5")]
    )


if __name__ == "__main__":
    main()
