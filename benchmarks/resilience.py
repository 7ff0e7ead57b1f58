"""All cases of the sandbox' client, beside those of another checkout, such as the commit before a change.

Usage: ``python benchmarks/resilience.py --before DIR [--json]``, where DIR is a checkout with its own ``.venv`` (``git
worktree add DIR REV``, then ``make -C DIR setup``). Both run ``harness gate --only resilience`` on their own sandbox,
in turns, so that a machine that gets slower slows both; without ``--before`` this one runs alone. Told is also what a
request costs on its way through the fault server, beside the same request sent to the provider itself.

Bars: at most 1.5 times the time of the other checkout; at most 0.5 ms for a request that is passed on.
"""

from __future__ import annotations

import argparse
import http.server
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from _table import Row, show

from harness.http.client import Network
from harness.resilience.fault_server import FaultServer

ROOT = Path(__file__).parents[1]
ROUNDS = 3
REQUESTS = 500
LONGEST_S = 900


def gate(checkout: Path) -> float:
    """Return the seconds that a checkout takes for all cases of its sandbox' client."""
    with tempfile.TemporaryDirectory() as reports:
        begin = time.monotonic()
        subprocess.run(
            [checkout / ".venv" / "bin" / "harness", "gate", "--only", "resilience", "--reports", reports],
            cwd=checkout,
            capture_output=True,
            check=False,  # a gate of a few items is never READY
            timeout=LONGEST_S,
        )
        seconds = time.monotonic() - begin
        assert (Path(reports) / "readiness.json").is_file(), f"{checkout}: the gate wrote no report"
        return seconds


class Small(http.server.BaseHTTPRequestHandler):
    """Answers 200 with a small body."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


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


def median_ms(url: str) -> float:
    """Return the median milliseconds of one request on a connection that stays open."""
    taken = []
    with httpx.Client(trust_env=False) as client:
        for _ in range(REQUESTS):
            begin = time.perf_counter()
            client.get(url).raise_for_status()
            taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1000


def passed_on_ms() -> float:
    """Return what the fault server adds to the median request."""
    with provider() as direct, Network().client() as client, FaultServer(direct, client, faults=[]) as server:
        return median_ms(server.url) - median_ms(direct)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true")
    before = parser.parse_args().before
    turns = [(gate(before.resolve()) if before else 0.0, gate(ROOT)) for _ in range(ROUNDS)]
    rows = [Row(work="all cases of the sandbox' client", value=min(ours for _, ours in turns), unit="s")]
    if before:
        ratio = statistics.median(ours / theirs for theirs, ours in turns)
        rows += [
            Row(work="the same, the other checkout", value=min(theirs for theirs, _ in turns), unit="s"),
            Row(work="this checkout over the other", value=ratio, unit="x", bar="<= 1.5"),
        ]
    show(
        "Client cases", [*rows, Row(work="added to a passed-on request", value=passed_on_ms(), unit="ms", bar="<= 0.5")]
    )


if __name__ == "__main__":
    main()
