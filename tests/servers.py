"""Every server of the harness, each with what arrived there: the tables of requests and of floods run against each.

As a program, ``python -m tests.servers NAME FOLDER UPSTREAM`` prints a port, and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import yaml

from harness.cassettes.play.playback import Playback, load
from harness.cassettes.play.replay_connection import listening
from harness.cassettes.play.replay_server import ReplayServer
from harness.cassettes.record.proxy import RecordingProxy
from harness.cassettes.record.recorder import Recorder
from harness.contract.webhooks.catcher import Catcher, caught_in
from harness.http import server_connection
from harness.http.client import Network
from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from harness.resilience.credential_leak import Elsewhere
from harness.resilience.fault_server import FaultServer
from harness.secrets.redaction.redactor import Redactor
from harness.telemetry.monitoring.notifications import NotificationHook
from harness.telemetry.otlp import SpanCollector
from harness.webhooks.capture_server import CaptureServer, CaptureStore, cleaning
from tests.ports import free_port


class Running(NamedTuple):
    """A server under test."""

    port: int
    bodies: Callable[[], list[bytes]]
    """Of the requests that arrived, in order."""


class Upstream(Protocol):
    """The provider behind a server that passes requests on."""

    @property
    def url(self) -> str:
        """Where it listens."""

    @property
    def bodies(self) -> Bodies:
        """What arrived there."""


class Bodies:
    """The beginnings of the last bodies that arrived: in a flood it must be the server that takes the memory."""

    def __init__(self) -> None:
        self._last: deque[bytes] = deque(maxlen=9)

    def add(self, body: bytes) -> None:
        """Take one."""
        self._last.append(body[:100])

    def __call__(self) -> list[bytes]:
        """Return them, in order."""
        return list(self._last)


class Provider(LoopbackServer):
    """Keeps what arrives behind a server."""

    def __init__(self) -> None:
        super().__init__("provider")
        self.bodies = Bodies()

    def respond(self, request: Request) -> Response:
        """Keep the body."""
        self.bodies.add(request.body)
        return Response(status=200, body=b"taken")


class Hook(NotificationHook):
    """Takes what is no JSON for a notification of no alert."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies = Bodies()

    def respond(self, request: Request) -> Response:
        """Keep what arrived."""
        self.bodies.add(request.body)
        if not request.body.startswith((b"{", b"[")):
            request = msgspec.structs.replace(request, body=b'{"alerts": []}')
        return super().respond(request)


@contextmanager
def catcher(folder: Path, _: Upstream) -> Iterator[Running]:
    file = folder / "caught"
    with Catcher(0, file, event_id=lambda *_: "", now=time.time) as server:
        yield Running(server.port, lambda: [c.request.body for c in caught_in(file)])


@contextmanager
def capture(folder: Path, _: Upstream) -> Iterator[Running]:
    store = CaptureStore(folder, cleaning(Redactor))
    with CaptureServer(0, store, each=lambda _: None, limit=100) as server:
        yield Running(
            server.port,
            lambda: [(b"\r\n" + p.read_bytes()).partition(b"\r\n\r\n")[2] for p in sorted(folder.glob("*.http"))],
        )


@contextmanager
def collector(folder: Path, _: Upstream) -> Iterator[Running]:
    port, file = free_port(), folder / "spans.jsonl"
    with SpanCollector(f"127.0.0.1:{port}", file) as server:

        def bodies() -> list[bytes]:
            server._file.flush()
            lines = (json.loads(line) for line in file.read_text().splitlines())
            return [line["texts"]["body"].encode() for line in lines if "body" in line["texts"]]

        yield Running(port, bodies)


@contextmanager
def proxy(folder: Path, provider: Upstream) -> Iterator[Running]:
    with ExitStack() as stack:
        client = stack.enter_context(Network([provider.url]).client())
        recorder = Recorder(folder / "cassette.yaml", redactor=Redactor(), append=False)
        server = stack.enter_context(RecordingProxy(provider.url, client, recorder, port=0, log=lambda _: None))
        yield Running(server.port, provider.bodies)


@contextmanager
def faults(_folder: Path, provider: Upstream) -> Iterator[Running]:
    with ExitStack() as stack:
        client = stack.enter_context(Network([provider.url]).client())
        server = stack.enter_context(FaultServer(provider.url, client, faults=[]))
        yield Running(server.port, provider.bodies)


@contextmanager
def elsewhere(_folder: Path, _: Upstream) -> Iterator[Running]:
    with Elsewhere() as server:
        yield Running(server.port, lambda: [sent.rpartition(b"\n")[2] for _, sent in server.arrived])


@contextmanager
def hook(_folder: Path, _: Upstream) -> Iterator[Running]:
    with Hook() as server:
        yield Running(server.port, server.bodies)


@contextmanager
def replay(folder: Path, _: Upstream) -> Iterator[Running]:
    recorded = {
        "request": {"method": "GET", "uri": "https://api.example.com/", "body": "", "headers": {}},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "1"}},
    }
    path = folder / "cassette.yaml"
    path.write_text(yaml.safe_dump({"interactions": [recorded], "version": 1}))
    bodies = Bodies()

    def check(request: Request) -> list[str]:
        bodies.add(request.body)
        return []

    server = ReplayServer(Playback(load([path]), redactor=Redactor()), log=lambda _: None, check=check)
    loop = asyncio.new_event_loop()
    ended, started, urls = asyncio.Event(), threading.Event(), list[str]()

    async def serve() -> None:
        async with listening(server, 0) as url:
            urls.append(url)
            started.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert started.wait(10)
    try:
        yield Running(int(urls[0].rpartition(":")[2]), bodies)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


SERVERS = [catcher, capture, collector, proxy, faults, elsewhere, hook, replay]


class Remote(NamedTuple):
    """A provider in another process."""

    url: str
    bodies: Bodies


MOST_ADDRESSES = 4 << 30
"""Bytes that a server under test may map: more would harm the machine."""


def main(name: str, folder: str, upstream: str) -> None:
    """Serve one of them, whose requests may last a second."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    server_connection.WITHIN_S, server_connection.LINGER_S = 1.0, 0.2
    (server,) = (each for each in SERVERS if each.__name__ == name)
    with server(Path(folder), Remote(upstream, Bodies())) as running:
        sys.stdout.write(f"{running.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
