"""A receiver that misbehaves as told, on a socket of its own."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import io
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from harness.http.client import Network
from harness.http.wire import Wire
from harness.model import Event
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named

SECRET = "unit-test-secret"
TIMEOUT_S = 2
"""For receivers that never answer; the others get more time, because the machine may be busy."""
PATIENCE_S = 20.0
EVENT = Event(name="run.started", type="run.started", id="evt_0", body=b'{ "id": "evt_0", "type": "run.started" }')


class Request(NamedTuple):
    """What arrived."""

    line: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def genuine(self) -> bool:
        """Whether the signature is right over the raw body."""
        return self.signs(self.body)

    def signs(self, body: bytes, secret: str = SECRET) -> bool:
        """Whether the signature is right for ``body``."""
        stamp, _, given = (self.headers["x-product-signature"] or "").removeprefix("t=").partition(",v1=")
        right = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(right.encode(), given.encode())


Handle = Callable[[Request, socket.socket], bytes]
Serve = Callable[[Handle], str]


def reply(status: int, body: str = "") -> bytes:
    return f"HTTP/1.1 {status} Said\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve requests with a function; it returns the bytes of the answer, none to close without one."""
    with contextlib.ExitStack() as stack:

        def start(handle: Handle) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=256))
            thread = threading.Thread(target=_accept, args=(listener, handle), daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            return f"http://127.0.0.1:{listener.getsockname()[1]}/hook"

        yield start


def _accept(listener: socket.socket, handle: Handle) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection, handle), daemon=True).start()


def _answer(connection: socket.socket, handle: Handle) -> None:
    with connection, contextlib.suppress(OSError, ValueError):
        reader = io.BufferedReader(socket.SocketIO(connection, "r"))
        line = reader.readline().decode("latin-1")
        headers = http.client.parse_headers(reader)
        chunked = headers["transfer-encoding"] == "chunked"
        body = _unchunked(reader) if chunked else reader.read(int(headers["content-length"] or 0))
        connection.sendall(handle(Request(line, headers, body), connection))


def _unchunked(reader: io.BufferedReader[Any]) -> bytes:
    body = b""
    while size := int(reader.readline(), 16):
        body += reader.read(size + 2)[:size]
    return body


class Effects:
    """An effect probe that is told what happened."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def effects(self, event_id: str) -> int:
        """Return how often it happened."""
        return self.ids.count(event_id)

    def wait(self, event_id: str, *, within_s: float) -> int:
        """Return what has happened by now."""
        del within_s
        return self.effects(event_id)


Under = Callable[..., ReceiverUnderTest]


@pytest.fixture
def under() -> Under:
    """Put a receiver at a URL under test: ``under(url, probe=…)``."""

    def build(
        url: str, *, probe: Effects | None = None, secret: str = SECRET, timeout_s: float = PATIENCE_S
    ) -> ReceiverUnderTest:
        network = Network([url])
        scheme = scheme_named("hmac")
        wire = Wire(url, check=network.check, timeout_s=timeout_s)
        return ReceiverUnderTest(
            wire,
            format=EventFormat(scheme=scheme),
            secret=lambda: secret,
            probe=probe,  # type: ignore[arg-type]  # as much of a probe as is asked
            settle_s=0.1,
        )

    return build


def event_id(request: Request) -> str:
    return str(json.loads(request.body)["id"])


Behaviour = Callable[[socket.socket], None]
Listen = Callable[..., str]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Start a receiver that treats each raw connection as the given function does; return its URL."""
    with contextlib.ExitStack() as stack:

        def start(behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> str:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
            open_ones: list[socket.socket] = []
            acceptor = threading.Thread(target=_accept_raw, args=(server, behaviour, tls, open_ones), daemon=True)
            acceptor.start()
            stack.callback(acceptor.join, 5)
            stack.callback(_shut, server, open_ones)
            return f"http{'s' if tls else ''}://127.0.0.1:{server.getsockname()[1]}/hook"

        yield start


def _accept_raw(
    server: socket.socket, behaviour: Behaviour, tls: ssl.SSLContext | None, open_ones: list[socket.socket]
) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = server.accept()
            open_ones.append(connection)
            threading.Thread(target=_treat, args=(connection, behaviour, tls), daemon=True).start()


def _treat(connection: socket.socket, behaviour: Behaviour, tls: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError), connection:
        if tls:
            with tls.wrap_socket(connection, server_side=True) as wrapped:
                behaviour(wrapped)
        else:
            behaviour(connection)


def _shut(server: socket.socket, open_ones: list[socket.socket]) -> None:
    for one in (server, *open_ones):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


def read_request(connection: socket.socket) -> bytes:
    """Read one request to its end; empty when the connection was closed instead."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    found = re.search(rb"content-length: (\d+)", data, re.IGNORECASE)
    whole = data.index(b"\r\n\r\n") + 4 + (int(found[1]) if found else 0)
    while len(data) < whole:
        data += connection.recv(65536)
    return data
