"""Small providers to fuzz: one that answers through a function, and one that misbehaves on its socket."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis.database import InMemoryExampleDatabase

from harness.fuzzing.budget import BUDGETS
from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.fuzzer import Fuzzer
from harness.http.client import Network
from harness.http.provider_client import ProviderClient
from harness.model import Finding
from harness.model.config import Fuzz
from harness.openapi.selection import select
from harness.openapi.spec_document import Spec


class Watch:
    """While it is on, refuses to start a process or to connect to another machine, by the audit events of PEP 578."""

    _PROCESSES = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"})
    _CONNECTIONS = frozenset({"socket.connect", "socket.sendto"})

    def __init__(self) -> None:
        """Add the audit hook, once for all tests: it cannot be removed."""
        self.breaches: list[str] | None = None
        self.opened: list[str] | None = None
        """Takes the path of each file that is opened, in a test that asks for `opened_files`."""
        sys.addaudithook(self._look)

    def _look(self, event: str, args: tuple[Any, ...]) -> None:
        if self.breaches is None:
            return
        if event in self._PROCESSES:
            self._refuse(f"{event} {args[0] if args else ''}")
        elif event == "open" and self.opened is not None:
            self.opened.append(os.fsdecode(args[0]) if isinstance(args[0], str | bytes) else "")
        elif event in self._CONNECTIONS and not _is_here(args[1]):
            self._refuse(f"{event} to {args[1]}")

    def _refuse(self, breach: str) -> None:
        assert self.breaches is not None
        self.breaches.append(breach)
        raise AssertionError(f"A unit test starts no process and stays on this machine, but: {breach}")


def _is_here(address: object) -> bool:
    if not isinstance(address, tuple) or address[0] == "localhost":
        return True
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:  # the name of another machine
        return False


_WATCH = Watch()


@pytest.fixture(autouse=True)
def stays_in_this_process() -> Iterator[None]:
    """Fail a test that starts a process or connects to another machine, even where its code hides the failure."""
    breaches: list[str] = []
    _WATCH.breaches = breaches
    yield
    _WATCH.breaches = None
    assert breaches == []


@pytest.fixture
def opened_files() -> Iterator[list[str]]:
    """Return the paths of the files that the test opens, as they are opened."""
    _WATCH.opened = opened = list[str]()
    yield opened
    _WATCH.opened = None


class Call(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Reply = tuple[int, dict[str, str], Any]
Answer = Callable[[Call], Reply]
Serve = Callable[[Answer], str]
Misbehave = Callable[[Callable[[socket.socket], None]], str]
Attack = Callable[..., list[Finding]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve ``answer(call)``, which returns status, headers and what is sent as JSON; gives the base URL.

    A header without a value is left out.
    """
    servers = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go out apart

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {k.lower(): v for k, v in self.headers.items()}
                status, extra, content = answer(Call(self.command, self.path, headers, body))
                payload = b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                sent = {"content-type": "application/json", **extra}
                for name, value in ((name, value) for name, value in sent.items() if value):
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" or status == 204 else payload)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def misbehave() -> Iterator[Misbehave]:
    """Hand every connection to a function once its request has begun; gives the base URL."""
    listeners = []

    def start(act: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        connection.recv(65536)
                        act(connection)

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def misbehave_at_once(misbehave: Misbehave) -> Misbehave:
    """Like `misbehave`, with each connection in a thread of its own."""

    def start(act: Callable[[socket.socket], None]) -> str:
        def run(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                act(connection)

        return misbehave(lambda c: threading.Thread(target=run, args=(c.dup(),), daemon=True).start())

    return start


def stay_silent(connection: socket.socket) -> None:
    """Answer nothing until the client has gone."""
    while connection.recv(65536):
        pass


def document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an OpenAPI document of these paths."""
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, **more}


PATIENCE_S = 600
"""For a budget whose time is not tested: on a busy machine the quick one is over before all causes are found."""


class Attacker:
    """Fuzzes small providers."""

    def __init__(self) -> None:
        self.found = DefectStore(InMemoryExampleDatabase(), "tests")
        self.clients: list[ProviderClient] = []

    def fuzzer(self, described: dict[str, Any] | Spec, url: str, *, seed: int = 1, **budget: Any) -> Fuzzer:
        """Return a fuzzer of a described provider, with the quick budget but for ``budget`` and its time."""
        within_s = budget.pop("timeout", 2)
        headers = {"authorization": "Bearer " + "s3cret" * 4}
        waits = {"answer_within_s": within_s, "whole_within_s": within_s, "wait_unasked_s": None}
        client = ProviderClient(Network(), url, headers, sleep=lambda _: None, **waits)
        self.clients.append(client)
        chosen = budget.pop("chosen", Fuzz())
        limits = msgspec.structs.replace(BUDGETS["quick"], **{"seconds": PATIENCE_S, **budget})
        spec = described if isinstance(described, Spec) else Spec(described, "spec")
        return Fuzzer(
            spec, client, select(spec.definitions, chosen, "[fuzz]"), budget=limits, random_seed=seed, store=self.found
        )


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    """Fuzzes small providers: ``attacker.fuzzer(document, url)``."""
    attacker = Attacker()
    yield attacker
    for client in attacker.clients:
        client.close()
