"""Replay side by side with its peers: cassettes in this process beside stock vcrpy, and as a server beside another.

Cassettes of 2 KB documents, as stock vcrpy writes them, are loaded and played by stock vcrpy and by the indexed one,
warm (the cache holds what was parsed) and cold. Stock vcrpy is sampled: all of its requests would take an hour.

Bar: `harness replay` answers at least 15 times the requests that pytest-httpserver does, over one connection kept open,
each serving the same 1,000 recordings of 2 KB, asked by wrk in turns. pytest-httpserver has one handler that looks the
body up, its quickest way, and its log as it comes, to nowhere. It needs Debian's wrk, and says so without.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from _recordings import recording_rows
from _table import Row, show

RECORDINGS = 1000
ROUNDS = 5
WRK_S = 2
STOCK_SERVER = """
import json, re, sys
from pytest_httpserver import HTTPServer
from werkzeug import Response
bodies = {path: body.encode() for path, body in json.load(open(sys.argv[1])).items()}
server = HTTPServer(port=0)
if sys.argv[2] == "handler":
    server.expect_request(re.compile("/items/")).respond_with_handler(
        lambda request: Response(bodies[request.path], content_type="application/json")
    )
else:
    for path, body in bodies.items():
        server.expect_request(path).respond_with_data(body, content_type="application/json")
server.start()
print(server.url_for(""), flush=True)
sys.stdin.read()
"""


def main() -> None:
    """Measure and print."""
    show("Replay, side by side in one run", [*recording_rows(), *server_rows()])


def server_rows() -> Iterator[Row]:
    """Yield the rows of the local servers."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("wrk is not installed, so the servers are not compared: apt-get install wrk", file=sys.stderr)
        return
    bodies = {f"/items/{n}": json.dumps({"id": n, "text": "x" * 1900}) for n in range(RECORDINGS)}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cassette, plain = Path(folder) / "items.yaml", Path(folder) / "items.json"
        cassette.write_text(yaml.dump(document(bodies), Dumper=yaml.CSafeDumper), encoding="utf-8")
        plain.write_text(json.dumps(bodies), encoding="utf-8")
        commands = [("-m", "harness.cli", "replay", str(cassette))]
        commands += [("-c", STOCK_SERVER, str(plain), how) for how in ("handler", "expectations")]
        urls = [stack.enter_context(serving(*words, folder=folder)) for words in commands]
        rounds = [[rate(wrk, url) for url in urls] for _ in range(ROUNDS)]
    # The best round of each: other work on the machine only ever slows a server down.
    one, other, plainest = (max(rates) for rates in zip(*rounds, strict=True))
    work = "harness replay against pytest-httpserver, wrk, 1 connection"
    yield Row(work=work, value=one / other, unit="x", bar=">= 15")
    yield Row(work="the same, with an expectation for each recording", value=one / plainest, unit="x")
    yield Row(work="harness replay", value=one, unit="requests/s")
    yield Row(work="pytest-httpserver", value=other, unit="requests/s")


def document(bodies: dict[str, str]) -> dict[str, object]:
    """Return a cassette that answers each path with its body."""
    headers = {"content-type": ["application/json"]}
    interactions = [
        {
            "request": {"method": "GET", "uri": f"http://127.0.0.1{path}", "body": "", "headers": {}},
            "response": {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": {"string": body}},
        }
        for path, body in bodies.items()
    ]
    return {"interactions": interactions, "version": 1}


@contextmanager
def serving(*words: str, folder: str) -> Iterator[str]:
    """Run Python as a server that first tells its URL, on stdout or stderr; yields the URL."""
    ours = "harness.cli" in words
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL if ours else subprocess.PIPE,
        stderr=subprocess.PIPE if ours else subprocess.DEVNULL,
        text=True,
    ) as process:
        told = process.stdout or process.stderr
        assert told is not None
        found = re.search(r"http://[\w.]+:\d+", told.readline())
        assert found, told.read()
        try:
            yield found[0]
        finally:
            process.send_signal(signal.SIGKILL)


def rate(wrk: str, url: str) -> float:
    """Return requests a second over one connection, after a short warm-up; 0 where any failed."""
    for seconds in (0.3, WRK_S):
        command = [wrk, "-t1", "-c1", f"-d{max(1, round(seconds))}s", f"{url}/items/{RECORDINGS // 2}"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found, told
    return 0.0 if "Non-2xx" in told else float(found[1])


if __name__ == "__main__":
    main()
