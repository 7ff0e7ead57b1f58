"""Whatever floods a server of the harness ends in bounded time, takes less than 200 MB, and leaves it alive."""

from __future__ import annotations

import gzip
import itertools
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from tests.packed import GZIP as GZIP_FORMAT
from tests.packed import zeros
from tests.servers import SERVERS

MOST_MB = 200
WITHIN_S = 120
CONNECTIONS = 600  # more than twice as many as a server holds
AT_MOST_S = 3  # for floods of many requests, of which each takes its time to search
MEGABYTE = 1 << 20
FLOODED = tuple(server.__name__ for server in SERVERS)
ROOT = Path(__file__).parents[3]
T = TypeVar("T")

HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class Large(LoopbackServer):
    """A provider whose answers are large."""

    def __init__(self) -> None:
        super().__init__("provider")

    def respond(self, request: Request) -> Response:
        """Answer with 2 MB where that is asked for."""
        return Response(status=200, body=bytes(2 * MEGABYTE) if request.path == "/large" else b"taken")


def connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def sent(port: int, pieces: Iterable[bytes]) -> bytes:
    """Send until the server hangs up or there is no more, and return the beginning of what comes back."""
    with connected(port) as connection:
        with suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
        return received(connection)


def received(connection: socket.socket) -> bytes:
    got = b""
    with suppress(ConnectionError):
        while more := connection.recv(65536):
            got = (got + more)[:1000]
    return got


def with_length(body: bytes, head: bytes = HEAD) -> list[bytes]:
    return [head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body), body]


def dripping(before: bytes, piece: bytes) -> Iterator[bytes]:
    yield before
    while True:
        time.sleep(0.2)
        yield piece


@cache
def gzip_bomb() -> bytes:
    return zeros(GZIP_FORMAT, 3000)


@cache
def empty_spans() -> bytes:
    """Return an export of as many empty spans as fit into 8 MB, packed."""
    inside = b",".join([b"{}"] * (8 * MEGABYTE // 3 - 20))
    return gzip.compress(b'{"resourceSpans":[{"scopeSpans":[{"spans":[%b]}]}]}' % inside, 1)


def length_prefixed(field: bytes, content: bytes) -> bytes:
    size, prefix = len(content), b""
    while size > 127:
        prefix += bytes([size & 127 | 128])
        size >>= 7
    return field + prefix + bytes([size]) + content


@cache
def empty_spans_of_protobuf() -> bytes:
    """Return the same in the other encoding, two bytes a span."""
    spans = b"\x12\x00" * (4 * MEGABYTE - 20)
    return gzip.compress(length_prefixed(b"\x0a", length_prefixed(b"\x12", spans)), 1)


def many(port: int, number: int, act: Callable[[int], object]) -> None:
    threads = [threading.Thread(target=act, args=(port,)) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)
    assert not any(thread.is_alive() for thread in threads)


def idle(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(connected(port))


def slow(port: int) -> None:
    many(port, 300, lambda port: sent(port, dripping(HEAD + b"X-A: ", b"x")))


def large_bodies(port: int) -> None:
    body = bytes(16 * MEGABYTE - 10)
    many(port, 24, lambda port: sent(port, with_length(body)))


def unread(port: int) -> None:
    """Ask for 2 MB a thousand times, and read nothing until the server gives up."""
    with connected(port) as connection, suppress(OSError):
        connection.settimeout(1)
        for _ in range(1000):
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2)


def in_time(requests: Iterable[T]) -> Iterator[T]:
    ends = time.monotonic() + AT_MOST_S
    return itertools.takewhile(lambda _: time.monotonic() < ends, requests)


def one_after_another(requests: Iterable[list[bytes]]) -> Callable[[int], None]:
    def flood(port: int) -> None:
        for pieces in in_time(requests):
            sent(port, pieces)

    return flood


def alert(number: int) -> bytes:
    text = f"{number}" + "\N{SNOWMAN}" * 300_000
    return json.dumps({"alerts": [{"status": "firing", "annotations": {"text": text}}]}, ensure_ascii=False).encode()


def span(number: int) -> bytes:
    value = {"stringValue": f"{number}" + "\N{SNOWMAN}" * 5000}
    attributes = [{"key": f"{n}", "value": value} for n in range(20)]
    one = {"traceId": "ab" * 16, "spanId": "ab" * 8, "name": "n" * 50_000, "attributes": attributes}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one] * 2}]}]}, ensure_ascii=False).encode()


def pieces(made: Callable[[], Iterable[bytes]]) -> Callable[[int], object]:
    return lambda port: sent(port, made())


GZIP = HEAD + b"Content-Encoding: gzip\r\n"
LARGE_TEXT = b'{"key":"' + "\N{SNOWMAN}".encode() * (8 * MEGABYTE // 3 - 10) + b'"}'
PROTOBUF = GZIP.replace(b"json", b"x-protobuf")
FLOODS: dict[str, Callable[[int], object]] = {
    "a head of 10 MB": pieces(lambda: [HEAD + b"X-A: " + b"a" * 10 * MEGABYTE]),
    "a request line without end": pieces(lambda: itertools.chain([b"GET /"], itertools.repeat(b"a" * 65536))),
    "headers without end": pieces(lambda: itertools.chain([HEAD], (b"X-%d: x\r\n" % n for n in itertools.count()))),
    "as many headers as fit": pieces(lambda: [HEAD + b"a:\r\n" * 16_000 + b"Connection: close\r\n\r\n"]),
    "a body of 10 GB": pieces(
        lambda: itertools.chain([HEAD + b"Content-Length: 9999999999\r\n\r\n"], itertools.repeat(b"a" * 65536))
    ),
    "chunks without end": pieces(
        lambda: itertools.chain([CHUNKED], itertools.repeat(b"10000\r\n" + b"a" * 65536 + b"\r\n"))
    ),
    "chunks of a byte": pieces(lambda: itertools.chain([CHUNKED], itertools.repeat(b"1\r\na\r\n" * 10_000, 200))),
    "extensions of chunks": pieces(
        lambda: itertools.chain([CHUNKED], itertools.repeat(b"1;" + b"a" * 8000 + b"\r\na\r\n"))
    ),
    "an extension without end": pieces(lambda: itertools.chain([CHUNKED + b"1;"], itertools.repeat(b"a" * 65536))),
    "trailers without end": pieces(lambda: itertools.chain([CHUNKED + b"0\r\n"], itertools.repeat(b"X-A: b\r\n" * 99))),
    "large bodies at once": large_bodies,
    "a body of 31 MB": pieces(lambda: with_length(bytes(31 * MEGABYTE))),
    "gzip of 3 GB": pieces(lambda: with_length(gzip_bomb(), GZIP)),
    "gzip in gzip": pieces(lambda: with_length(gzip.compress(gzip_bomb()), HEAD + b"Content-Encoding: gzip, gzip\r\n")),
    "gzip of empty spans": pieces(lambda: with_length(empty_spans(), GZIP)),
    "gzip of empty spans at once": lambda port: many(port, 4, pieces(lambda: with_length(empty_spans(), GZIP))),
    "gzip of empty spans of protobuf": pieces(lambda: with_length(empty_spans_of_protobuf(), PROTOBUF)),
    "JSON of empty values": pieces(lambda: with_length(b'{"alerts":[' + b"{}," * MEGABYTE + b"{}]}")),
    "JSON of empty lists": pieces(lambda: with_length(b'{"alerts":[' + b"[]," * (2 * MEGABYTE) + b"[]]}")),
    "JSON of secrets": pieces(lambda: with_length(b'{"token":["' + b'a","' * (MEGABYTE // 2) + b'"]}')),
    "large texts at once": lambda port: many(port, 8, pieces(lambda: with_length(LARGE_TEXT))),
    "JSON without end of nesting": pieces(lambda: with_length(b"[" * MEGABYTE)),
    "objects without end of nesting": pieces(lambda: with_length(b'{"resourceSpans":' * 200_000)),
    "600 connections": idle,
    "300 that drip": slow,
    "a body that drips": pieces(lambda: dripping(HEAD + b"Content-Length: 99\r\n\r\n", b"x")),
    "large answers that nobody reads": unread,
    "long targets": pieces(
        lambda: in_time(b"GET /%d%b HTTP/1.1\r\nHost: x\r\n\r\n" % (n, b"a" * 60_000) for n in range(2000))
    ),
    "large alerts": one_after_another(with_length(alert(n)) for n in range(150)),
    "large spans": one_after_another(with_length(span(n)) for n in range(150)),
}


@contextmanager
def served(name: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Yield the port and the id of a server in a process of its own, behind which a provider stands."""
    with Large() as provider:
        command = [sys.executable, "-m", "tests.servers", name, str(folder), provider.url]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            try:
                yield int(child.stdout.readline()), child.pid
            finally:
                child.kill()


@pytest.fixture(scope="module", params=FLOODED)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with served(request.param, tmp_path_factory.mktemp(request.param)) as found:
        yield found
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_server_survives_every_flood(server: tuple[int, int], flood: Callable[[int], object]) -> None:
    """The flood ends in time, the next request gets an answer, and the operating system counted less than 200 MB."""
    port, pid = server
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # forgets the peak
    began = time.monotonic()

    flood(port)
    answer = sent(port, with_length(b"ok"))

    assert time.monotonic() - began < WITHIN_S
    assert answer.startswith(b"HTTP/1.1 ")
    assert peak_mb(pid) < MOST_MB


def peak_mb(pid: int) -> int:
    """Return the most memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
