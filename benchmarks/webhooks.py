"""How fast signed webhooks are delivered, beside a loop around httpx.AsyncClient and beside hey.

All send to the same minimal receiver, a process of its own that answers 200, over 32 connections, in turns. Ours and
httpx's sign each delivery anew under an id of its own; hey sends one constant body, unsigned. Then a million deliveries
are streamed while memory is watched (--short: a hundred thousand), and GitHub's own example payloads are delivered to
GitHub's own library for Node, where tests/real/install has brought it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from _table import Row, show

from harness.http.client import Network
from harness.http.load import LoadSender, Outgoing
from harness.http.message import Request
from harness.model import Event
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named
from harness.webhooks.summary import Summary

ROOT = Path(__file__).parents[1]
NODE = ROOT / "tests" / "real" / "node"
CONCURRENCY = 32
ROUNDS = 3
OURS, HTTPX, HEY = 10_000, 2_000, 30_000
STREAMED = 100_000 if "--short" in sys.argv else 1_000_000
SECRET = secrets.token_hex(20)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Receiver(asyncio.Protocol):
    """Answers 200 to whatever has ended."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.data = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            found = re.search(rb"content-length: *(\d+)", self.data[:end], re.IGNORECASE)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self.data) < whole:
                return
            self.data = self.data[whole:]
            self.transport.write(ANSWER)


async def receive() -> None:
    """Serve until killed; print the port."""
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def started(command: list[str], **options: object) -> Iterator[int]:
    """Start a receiver and give its port."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


SCHEME = scheme_named("hmac")
FORMAT = EventFormat(scheme=SCHEME)


def signed(url: str, number: int) -> Iterator[Outgoing]:
    """Yield deliveries, each under an id of its own, each signed when it is asked for."""
    event = FORMAT.read(ROOT / "fixtures" / "webhooks" / "run.succeeded.http")
    for n in range(number):
        fresh = FORMAT.fresh(event, f"evt_{n:016x}")
        signature = SCHEME.sign(fresh.body, secret=SECRET, timestamp=int(time.time()), event_id=fresh.id, url=url)
        headers = (*fresh.headers, *signature)
        yield Outgoing(fresh.name, fresh.id, Request(method="POST", url=url, headers=headers, body=fresh.body))


def ours(url: str, number: int) -> float:
    """Return deliveries a second of `harness deliver`'s engine, its summary included."""
    summary, begun = Summary(), time.perf_counter()
    LoadSender(Network(), url, concurrency=CONCURRENCY).deliver(signed(url, number), summary.add)
    assert summary.acknowledged == number
    return number / (time.perf_counter() - begun)


def by_httpx(url: str, number: int) -> float:
    """Return deliveries a second of a loop around httpx.AsyncClient."""
    return asyncio.run(_by_httpx(url, number))


async def _by_httpx(url: str, number: int) -> float:
    deliveries = signed(url, number)
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def deliver() -> None:
            for each in deliveries:
                response = await client.post(url, content=each.request.body, headers=list(each.request.headers))
                assert response.status_code == 200

        begun = time.perf_counter()
        await asyncio.gather(*(deliver() for _ in range(CONCURRENCY)))
        return number / (time.perf_counter() - begun)


def by_hey(url: str, number: int) -> float:
    """Return requests a second of hey, which neither signs nor changes the body."""
    body = FORMAT.read(ROOT / "fixtures" / "webhooks" / "run.succeeded.http").body.decode()
    words = ["hey", "-n", str(number), "-c", str(CONCURRENCY), "-m", "POST", "-T", "application/json", "-d", body, url]
    output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert found, output
    return float(found[1])


def compared(url: str) -> Iterator[Row]:
    """Measure all three in turns."""
    figures: dict[str, list[float]] = {"ours": [], "httpx": [], "hey": []}
    for _ in range(ROUNDS):
        figures["ours"].append(ours(url, OURS))
        figures["httpx"].append(by_httpx(url, HTTPX))
        if shutil.which("hey"):
            figures["hey"].append(by_hey(url, HEY))
    mine, loop = statistics.median(figures["ours"]), statistics.median(figures["httpx"])
    yield Row(work=f"harness deliver, signed, {CONCURRENCY} at once", value=mine, unit="deliveries/s")
    yield Row(work="a loop around httpx.AsyncClient, signed", value=loop, unit="deliveries/s")
    yield Row(work="against the loop around httpx.AsyncClient", value=mine / loop, unit="x", bar=">= 8")
    if figures["hey"]:
        theirs = statistics.median(figures["hey"])
        yield Row(work="hey, unsigned, one constant body", value=theirs, unit="requests/s")
        yield Row(work="against hey", value=mine / theirs, unit="x", bar=">= 0.3")


def streamed(url: str) -> Iterator[Row]:
    """Deliver a great many, and look at the memory in use after a tenth of them and after all."""
    summary, resident = Summary(), [0, 0]

    def count(delivery: object) -> None:
        summary.add(delivery)  # type: ignore[arg-type]
        if summary.delivered in (STREAMED // 10, STREAMED):
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            resident[summary.delivered == STREAMED] = pages * resource.getpagesize()

    begun = time.perf_counter()
    LoadSender(Network(), url, concurrency=CONCURRENCY).deliver(signed(url, STREAMED), count)
    seconds = time.perf_counter() - begun
    assert summary.acknowledged == STREAMED
    yield Row(work=f"{STREAMED:,} deliveries streamed", value=STREAMED / seconds, unit="deliveries/s")
    grown = (resident[1] - resident[0]) / 1024**2
    yield Row(work="memory that the last nine tenths of them add", value=grown, unit="MiB", bar="<= 1")


def github() -> Iterator[Row]:
    """Deliver GitHub's own example payloads to its own library."""
    if not (NODE / "node_modules" / ".ready").exists():
        return
    env = {**os.environ, "GITHUB_WEBHOOK_SECRET": SECRET}
    with started(["node", "github-receiver.mjs"], cwd=NODE, env=env) as port:
        url = f"http://127.0.0.1:{port}/webhooks/github"
        events = list(examples())
        seconds = min(github_seconds(url, events) for _ in range(ROUNDS))
    yield Row(work=f"{len(events)} GitHub payloads to @octokit/webhooks", value=seconds, unit="s", bar="<= 0.5")


def github_seconds(url: str, events: list[Event]) -> float:
    """Return how long one round of all payloads takes."""
    scheme, summary = scheme_named("github"), Summary()
    stream = (
        Outgoing(e.name, e.id, Request(method="POST", url=url, headers=(*e.headers, *signature), body=e.body))
        for e in events
        for signature in [scheme.sign(e.body, secret=SECRET, timestamp=0)]
    )
    begun = time.perf_counter()
    LoadSender(Network(), url, concurrency=8).deliver(stream, summary.add)
    assert summary.acknowledged == len(events)
    return time.perf_counter() - begun


def examples() -> Iterator[Event]:
    """Yield every payload of @octokit/webhooks-examples."""
    index = NODE / "node_modules" / "@octokit" / "webhooks-examples" / "api.github.com" / "index.json"
    for kind in json.loads(index.read_bytes()):
        for number, payload in enumerate(kind["examples"]):
            delivery = f"{kind['name']}-{number}"
            headers = {
                "content-type": "application/json",
                "x-github-event": kind["name"],
                "x-github-delivery": delivery,
            }
            body = json.dumps(payload, ensure_ascii=False).encode()
            yield Event(name=delivery, type=kind["name"], id=delivery, body=body, headers=tuple(headers.items()))


def main() -> None:
    """Measure and print."""
    with started([sys.executable, __file__, "receive"]) as port:
        url = f"http://127.0.0.1:{port}/hook"
        rows = [*compared(url), *streamed(url), *github()]
    show(f"Webhook delivery, {CONCURRENCY} at once, one receiver", rows)


if __name__ == "__main__":
    asyncio.run(receive()) if "receive" in sys.argv else main()
