"""A single delivery and a stream of them are told about in the same words, whatever the receiver does."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from harness.http.client import Network
from harness.http.load import LoadSender, Outgoing
from harness.http.message import Request
from harness.http.parser import BadMessageError
from harness.http.unanswered import no_answer, no_connection
from harness.http.wire import Wire
from harness.model import Delivery
from tests.ports import free_port
from tests.unit.conftest import stay_silent

Act = Callable[[socket.socket], None]
Listen = Callable[[Act], str]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Hand every connection to a function; gives host and port."""
    listeners: list[tuple[socket.socket, threading.Thread]] = []

    def start(act: Act) -> str:
        listener = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        act(connection)

        thread = threading.Thread(target=run)
        thread.start()
        listeners.append((listener, thread))
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener, thread in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _request(url: str) -> Request:
    return Request(method="POST", url=url, headers=(("content-type", "text/plain"),), body=b"x")


def one(url: str, within_s: float) -> Delivery:
    wire = Wire(url, check=Network([url]).check, timeout_s=within_s)
    return wire.send(_request(wire.url), event="e", event_id="1")


def of_many(url: str, within_s: float) -> Delivery:
    ended: list[Delivery] = []
    sender = LoadSender(Network([url]), url, concurrency=1, timeout_s=within_s)
    sender.deliver([Outgoing("e", "1", _request(url))], ended.append)
    return ended[0]


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def after(data: bytes, then: Act = lambda _: None) -> Act:
    """Return what reads the request, sends ``data`` and goes on; then the connection is closed."""

    def act(connection: socket.socket) -> None:
        request = connection.recv(65536)
        while request.startswith(b"POST") and not request.endswith(b"\r\n\r\nx"):  # closed unread, it would be reset
            request += connection.recv(65536)
        connection.sendall(data)
        time.sleep(0.05 if then is not reset else 0.7)  # lets it be read before what follows: a reset takes it back
        then(connection)

    return act


def trickle(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
# What the receiver does, the scheme, and what is seen.
RECEIVERS: dict[str, tuple[Act, str, str]] = {
    "closes": (after(b""), "http", "no answer: the connection was closed without an answer"),
    "resets": (after(b"", reset), "http", "no answer: the connection was reset"),
    "hangs": (stay_silent, "http", "no answer: no whole answer within 0.3 s"),
    "trickles a head": (after(b"HTTP/1.1 200 OK\r\n", trickle), "http", "no answer: no whole answer within 0.3 s"),
    "trickles a body": (after(HEAD, trickle), "http", "no answer: no whole answer within 0.3 s"),
    "is no web server": (after(b"220 ready\r\n"), "http", "no answer: an answer that is not HTTP, beginning b'220 re"),
    "has a bad status": (after(b"HTTP/1.1 2OO OK\r\n\r\n"), "http", "no answer: an answer that is not HTTP, beginning"),
    "has no length": (after(HEAD.replace(b"1000", b"-1")), "http", "no answer: an answer with content-length b'-1'"),
    "has bad chunks": (after(CHUNKED + b"zz\r\n"), "http", "no answer: an answer with a chunk that begins b'zz"),
    "closes in a head": (after(b"HTTP/1.1 200"), "http", "no answer: a connection closed within the head of an answer"),
    "resets in a head": (after(b"HTTP/1.1 200", reset), "http", "no answer: the connection was reset"),
    "closes in a body": (after(HEAD + b"ok"), "http", "HTTP 200 'ok'"),
    "resets in a body": (after(HEAD + b"ok", reset), "http", "HTTP 200 'ok'"),
    "says something before": (after(b"HTTP/1.1 103 Hints\r\n\r\n" + HEAD + b"ok"), "http", "HTTP 200 'ok'"),
    "knows no TLS": (after(b"HTTP/1.1 400 Bad\r\n\r\n"), "https", "no answer: TLS: "),
    "ends a handshake": (after(b""), "https", "no answer: the connection was closed without an answer"),
    "resets a handshake": (after(b"", reset), "https", "no answer: the connection was"),
    "hangs in a handshake": (stay_silent, "https", "no answer: no connection within 0.3 s"),
}


@pytest.mark.parametrize("act, scheme, seen", RECEIVERS.values(), ids=RECEIVERS.keys())
def test_what_a_receiver_does_is_told_in_one_way(listen: Listen, act: Act, scheme: str, seen: str) -> None:
    """The same cause has the same words, from a single delivery and from a stream."""
    url = f"{scheme}://{listen(act)}/hook"
    within_s = 0.3 if "within 0.3" in seen else 20

    single, streamed = one(url, within_s), of_many(url, within_s)

    assert single.seen.startswith(seen)
    assert streamed.seen.startswith(seen)
    if not seen.endswith("the connection was"):  # there asyncio does not tell a reset from an end
        assert (streamed.seen, streamed.cut) == (single.seen, single.cut)


UNREACHABLE = {
    "nobody listens": ("127.0.0.1", "no answer: connection refused"),
    "nobody listens at any address": ("localhost", "no answer: connection refused"),
    "no name of a host": ("a..b", "no answer: no such host"),
}


@pytest.mark.parametrize("host, seen", UNREACHABLE.values(), ids=UNREACHABLE.keys())
def test_a_receiver_that_is_not_there_is_told_in_one_way(host: str, seen: str) -> None:
    """No connection has its reason too."""
    url = f"http://{host}:{free_port()}/"

    assert [one(url, 5).seen, of_many(url, 5).seen] == [seen, seen]


def test_a_name_that_nobody_knows_is_told_in_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's own words differ from system to system."""

    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    url = "http://receiver.example/"

    assert [one(url, 5).seen, of_many(url, 5).seen] == ["no answer: no such host"] * 2


SEVERAL = OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1), [Errno 111] Connect call failed")
WITHOUT_CONNECTION: dict[str, tuple[Exception, str]] = {
    "in time": (TimeoutError(), "no connection within 5 s"),
    "several addresses": (SEVERAL, "connection refused"),
    "network": (OSError(101, "Network is unreachable"), "no connection: Network is unreachable"),
    "a handshake that ended": (ssl.SSLEOFError(8, "EOF"), "the connection was closed without an answer"),
    "unknown": (RuntimeError("odd\nthing"), "no connection: odd thing"),
    "unknown and silent": (RuntimeError(), "no connection: RuntimeError"),
}
WITHOUT_ANSWER: dict[str, tuple[Exception | None, str]] = {
    "ended": (None, "the connection was closed without an answer"),
    "in time": (TimeoutError(), "no whole answer within 5 s"),
    "pipe": (BrokenPipeError(32, "Broken pipe"), "the connection was reset"),
    "abort": (ConnectionAbortedError(103, "x"), "the connection was reset"),
    "TLS ended": (ssl.SSLEOFError(8, "EOF occurred"), "the connection was closed without an answer"),
    "not HTTP": (BadMessageError("an answer that is not HTTP"), "an answer that is not HTTP"),
    "broken": (OSError(5, "Input/output error"), "the connection broke: Input/output error"),
    "unknown": (http.client.HTTPException("odd"), "the connection broke: odd"),
    "asyncio": (asyncio.InvalidStateError(), "the connection broke: InvalidStateError"),
}


@pytest.mark.parametrize("exc, reason", WITHOUT_CONNECTION.values(), ids=WITHOUT_CONNECTION.keys())
def test_whatever_keeps_a_connection_from_standing_has_a_reason(exc: Exception, reason: str) -> None:
    """Nothing that is raised escapes without words."""
    assert no_connection(exc, within_s=5).startswith(reason)


@pytest.mark.parametrize("exc, reason", WITHOUT_ANSWER.values(), ids=WITHOUT_ANSWER.keys())
def test_whatever_breaks_a_connection_has_a_reason(exc: Exception | None, reason: str) -> None:
    """Nothing that is raised escapes without words."""
    assert no_answer(exc, within_s=5) == reason
