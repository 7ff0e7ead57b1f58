"""What a provider floods the harness with is bounded: in memory, measured by the operating system, and in time."""

from __future__ import annotations

import gzip
import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.packed import BARE, DEFLATE, GZIP, zeros

MOST_MB = 200
WITHIN_S = 120
Pieces = Callable[[], Iterator[bytes]]

HEAD = b"HTTP/1.1 200 OK\r\n"
SYNC = """
import httpx, json, sys
from harness.http.client import Network
try:
    with Network().client(whole_within_s={within_s}, timeout_s=5) as client:
        result = len(client.get(sys.argv[1]).content)
except httpx.HTTPError as exc:
    result = f"{{type(exc).__name__}}: {{exc}}"
status = open("/proc/self/status").read()  # ru_maxrss would count what the parent had before the exec
print(json.dumps([result, int(status.partition("VmHWM:")[2].split()[0]) // 1024]))
"""
ASYNC = """
import asyncio, httpx, json, sys
from harness.http import client as module
from harness.http.client import Network
module.WHOLE_WITHIN_S = {within_s}
async def ask():
    async with Network().async_client(timeout_s={within_s} / 2) as client:
        return len((await client.get(sys.argv[1])).content)
try:
    result = asyncio.run(ask())
except httpx.HTTPError as exc:
    result = f"{{type(exc).__name__}}: {{exc}}"
status = open("/proc/self/status").read()  # ru_maxrss would count what the parent had before the exec
print(json.dumps([result, int(status.partition("VmHWM:")[2].split()[0]) // 1024]))
"""


def chunked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)


def packed_body(coding: str, packed: Callable[[], bytes]) -> Pieces:
    head = HEAD + f"Content-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return lambda: itertools.chain([head], chunked(iter([packed()])), [b"0\r\n\r\n"])


def dripping(before: bytes, piece: bytes) -> Pieces:
    def pieces() -> Iterator[bytes]:
        yield before
        while True:
            time.sleep(0.2)
            yield piece

    return pieces


FLOODS: dict[str, tuple[Pieces, str]] = {
    "a body without end": (
        lambda: itertools.chain([HEAD + b"\r\n"], itertools.repeat(b"x" * 65536)),
        "ReadTimeout: after 64 MiB the answer had not ended",
    ),
    "chunks without end": (
        lambda: itertools.chain(
            [HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], chunked(itertools.repeat(b"x" * 65536))
        ),
        "ReadTimeout: after 64 MiB the answer had not ended",
    ),
    "gzip of 3 GB": (packed_body("gzip", lambda: zeros(GZIP, 3000)), "ReadTimeout: after 64 MiB, unpacked,"),
    "deflate of 3 GB": (packed_body("deflate", lambda: zeros(DEFLATE, 3000)), "ReadTimeout: after 64 MiB, unpacked,"),
    "bare deflate of 3 GB": (
        packed_body("deflate", lambda: zeros(BARE, 3000)),
        "ReadTimeout: after 64 MiB, unpacked,",
    ),
    "gzip in gzip": (
        packed_body("gzip, gzip", lambda: gzip.compress(zeros(GZIP, 200))),
        "ReadTimeout: after 64 MiB, unpacked,",
    ),
    "a body that drips": (dripping(HEAD + b"\r\n", b"x"), "ReadTimeout: after 2 s the answer had not ended"),
    "a head that drips": (dripping(HEAD + b"X-A: ", b"x"), "ReadTimeout: after 2 s the answer had not ended"),
    "trailers that drip": (
        dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"x"),
        "ReadTimeout: after 2 s the answer had not ended",
    ),
    "interim answers without end": (
        dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        "ReadTimeout: after 2 s the answer had not ended",
    ),
    "headers without end": (
        lambda: itertools.chain([HEAD], (b"X-%d: x\r\n" % n for n in itertools.count())),
        "RemoteProtocolError:",
    ),
}


@contextmanager
def flooding(pieces: Pieces) -> Iterator[str]:
    """Answer every connection with ``pieces``, until its client hangs up or the block ends."""
    ended = threading.Event()

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65536)
            for piece in pieces():
                if ended.is_set():
                    return
                client.sendall(piece)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def measured(program: str, url: str) -> Any:
    """Return what the program printed: its result, and the most memory that it had, in MB."""
    found = subprocess.run(
        [sys.executable, "-c", program, url], capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize("program", [SYNC, ASYNC], ids=["sync", "async"])
@pytest.mark.parametrize("pieces, said", FLOODS.values(), ids=FLOODS.keys())
def test_the_client_bounds_every_answer(program: str, pieces: Pieces, said: str) -> None:
    """A client that nobody gave a bound takes less than 200 MB, ends in time, and names the reason."""
    within_s = 2 if said.startswith("ReadTimeout: after 2 s") else 60

    with flooding(pieces) as url:
        result, megabytes = measured(program.format(within_s=within_s), url)

    assert str(result).startswith(said)
    assert megabytes < MOST_MB


def peak_mb(pid: int) -> int:
    """Return the most memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def read_some(url: str) -> int:
    """Read 40 MB of an answer, or all of a shorter one, as it is sent; return its length."""
    size = 0
    with httpx.stream("GET", url, trust_env=False, headers={"accept-encoding": "gzip"}) as answer:
        for piece in answer.iter_raw():
            size += len(piece)
            if size > 40 << 20:
                break
    return size


@pytest.mark.parametrize("name", ["a body without end", "chunks without end", "gzip of 200 MB"])
def test_a_flood_passes_through_the_recording_proxy(name: str, tmp_path: Path) -> None:
    """The client gets it as it comes; it is not recorded, which is reported, and the exit status is 1."""
    floods = {**FLOODS, "gzip of 200 MB": (packed_body("gzip", lambda: zeros(GZIP, 200)), "")}
    with flooding(floods[name][0]) as url:
        command = [
            str(Path(sys.executable).with_name("harness")),
            "record",
            "--upstream",
            url,
            "--cassette",
            "cassette.yaml",
        ]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as proxy:
            assert proxy.stderr is not None
            started = proxy.stderr.readline()
            size = read_some(started.split(" on ")[1].split(". ")[0])
            refused = proxy.stderr.readline()
            megabytes = peak_mb(proxy.pid)
            proxy.send_signal(signal.SIGINT)
            summary = proxy.stderr.read()

    assert size > 100_000
    assert "MiB. It was passed on and not recorded; exclude the call, or ask for less at once." in refused
    assert "0 recorded into cassette.yaml, 1 not recorded" in summary
    assert proxy.returncode == 1
    assert megabytes < MOST_MB
