"""The base of all servers: threads, time-outs, its end, and handlers that fail."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from harness.http import loopback_server
from harness.http.loopback_server import LoopbackServer, RawAnswer, port_refused
from harness.http.message import Request, Response
from harness.http.parser import BadMessageError
from harness.http.server_connection import ServerConnection

Handler = Callable[[Request], Response | RawAnswer]


class Served(LoopbackServer):
    """Answers through a function."""

    def __init__(self, handler: Handler, *, idle_s: float = 10, grace_s: float = 0, keeps_open: bool = True) -> None:
        super().__init__("served", max_body=1000, idle_s=idle_s, grace_s=grace_s, keeps_open=keeps_open)
        self.handler = handler
        self.refused: list[BadMessageError] = []

    def respond(self, request: Request) -> Response | RawAnswer:
        """Ask the function."""
        return self.handler(request)

    def refuse(self, error: BadMessageError) -> Response:
        """Keep the error."""
        self.refused.append(error)
        return super().refuse(error)


def echo(request: Request) -> Response:
    return Response(status=200, body=request.body)


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """What threads failed with."""
    found: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: found.append(args.exc_value))
    return found


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=10) as made:
        yield made


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_one_connection_serves_many_requests(client: httpx.Client) -> None:
    """It stays open between them, and the handler sees each as it was sent."""
    seen: list[str] = []

    def handler(request: Request) -> Response:
        seen.append(threading.current_thread().name + str(threading.get_ident()))
        return echo(request)

    with Served(handler) as server:
        answers = [client.post(server.url, content=text).text for text in ("a", "b", "c")]

    assert answers == ["a", "b", "c"]
    assert len(set(seen)) == 1


def test_a_server_that_keeps_nothing_open_says_so(client: httpx.Client) -> None:
    """Every connection ends with its first answer, whose header announces it."""
    with Served(echo, keeps_open=False) as server:
        assert client.get(server.url).headers["connection"] == "close"


def test_nothing_is_left_at_the_end() -> None:
    """Idle connections, half-sent requests and silent answers end with the block, and so do all threads."""
    waits = threading.Event()

    def silent(connection: ServerConnection) -> bool:
        waits.set()
        connection.socket.recv(1)
        return False

    with Served(lambda _: silent) as server:
        sockets = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(3)]
        sockets[1].sendall(b"POST / HTTP/1.1\r\nHo")
        sockets[2].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert waits.wait(10)

    assert server.refused == []
    assert [t.name for t in threading.enumerate() if t.name == "served"] == []
    for connection in sockets:
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=10)


def test_an_answer_under_way_is_waited_for(client: httpx.Client) -> None:
    """With a grace the client still gets it whole when the server ends meanwhile."""
    begun, go = threading.Event(), threading.Event()

    def slow(_: Request) -> Response:
        begun.set()
        go.wait(10)
        return Response(status=200, body=b"x" * 1_000_000)

    found: list[int] = []
    with Served(slow, grace_s=10) as server:
        caller = threading.Thread(target=lambda: found.append(len(client.get(server.url).content)))
        caller.start()
        assert begun.wait(10)
        threading.Timer(0.2, go.set).start()
    caller.join(10)

    assert found == [1_000_000]


def test_a_handler_that_fails_is_a_500_and_goes_on(client: httpx.Client, errors: list[BaseException | None]) -> None:
    """The client gets an answer, whoever watches threads gets the error, and the next request is served."""

    def handler(request: Request) -> Response:
        if request.path == "/fails":
            raise PermissionError("the disk is full")
        return echo(request)

    with Served(handler) as server:
        assert client.get(f"{server.url}/fails").status_code == 500
        assert client.get(f"{server.url}/").status_code == 200

    assert [str(error) for error in errors] == ["the disk is full"]


def test_a_raw_answer_has_the_connection(client: httpx.Client) -> None:
    """It may send whatever bytes it likes, and says whether the connection can be used again."""

    def raw(connection: ServerConnection) -> bool:
        connection.socket.sendall(b"HTTP/1.1 299 Raw\r\nContent-Length: 0\r\n\r\n")
        return True

    with Served(lambda _: raw) as server:
        assert [client.get(server.url).status_code for _ in range(2)] == [299, 299]


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"])
def test_a_silent_client_is_let_go(sent: bytes) -> None:
    """One that began a request is told with 408; one that did not is hung up on."""
    with Served(echo, idle_s=0.5) as server, socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(sent)
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 408 ") if sent else answer == b""
    assert [error.cut for error in server.refused] == ([True] if sent else [])


@pytest.mark.parametrize(
    "sent, text",
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", "a body that was cut"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "a body that was cut"),
        (b"POST / HTTP/1.1\r\nHo", "a head that was cut"),
    ],
)
def test_a_request_that_ends_early_is_told_apart(sent: bytes, text: str) -> None:
    """Its sender may be dead, which is no fault of what it sent."""
    with Served(echo) as server, socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")

    (error,) = server.refused
    assert (str(error), error.cut, error.request is not None) == (text, True, "body" in text)


@pytest.mark.parametrize("framing", ["content-length", "chunked"])
def test_a_body_beyond_the_bound_is_refused_and_the_refusal_arrives(client: httpx.Client, framing: str) -> None:
    """A client that sends everything before it reads still gets its 413, and the error knows the request's head."""
    body = b"x" * 3_000_000
    with Served(echo) as server:
        content = body if framing == "content-length" else iter([body[:10], body[10:]])
        assert client.put(f"{server.url}/large", content=content).status_code == 413

    (error,) = server.refused
    assert error.request is not None
    assert (error.request.method, error.request.path) == ("PUT", "/large")


def test_a_tunnel_is_not_offered() -> None:
    """A client that takes the server for a forward proxy of TLS is told that it is none."""
    with Served(echo) as server, socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 501 ")


class Refusing:
    """A listener that takes no connection so many times: the machine has no room for one."""

    def __init__(self, inner: socket.socket, number: int, times: int) -> None:
        self.inner, self.number, self.left = inner, number, times

    def accept(self) -> tuple[socket.socket, object]:
        """Refuse, or take one."""
        self.left -= 1
        if self.left >= 0:
            raise OSError(self.number, os.strerror(self.number))
        return self.inner.accept()

    def close(self) -> None:
        """Close what is inside."""
        self.inner.close()


@pytest.mark.parametrize(
    "number, advice",
    [
        (errno.EMFILE, "Too many open files. Raise the limit of the system: ulimit -n 1024."),
        (errno.ENFILE, "Too many open files in system. End other programs, or raise the limits of the system."),
        (errno.ECONNABORTED, ""),
    ],
    ids=["process", "system", "client"],
)
def test_a_machine_without_room_is_named_once_and_the_server_goes_on(
    number: int, advice: str, client: httpx.Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It neither spins nor is silent; a client that hung up is no reason for a sentence."""
    create, made = socket.create_server, list[Refusing]()

    def listening(*args: object, **options: object) -> Refusing:
        made.append(Refusing(create(*args, **options), number, times=3))  # type: ignore[arg-type]
        return made[0]

    pauses: list[float] = []
    monkeypatch.setattr(socket, "create_server", listening)
    monkeypatch.setattr(Refusing, "getsockname", lambda self: self.inner.getsockname(), raising=False)
    monkeypatch.setattr(time, "sleep", pauses.append)

    with Served(echo) as server:
        assert client.post(server.url, content=b"a").content == b"a"

    assert pauses[:3] == [loopback_server.RETRY_S] * 3
    assert capsys.readouterr().err == (f"New connections wait until others end: {advice}\n" if advice else "")


def test_a_port_that_is_taken_is_said_with_the_way_out() -> None:
    """The message names the option and what to choose instead."""
    taken = port_refused(80, OSError(errno.EADDRINUSE, "Address already in use"))
    denied = port_refused(80, OSError(errno.EACCES, "Permission denied"))

    assert taken == "--port 80: the port is in use. Choose another port, or --port 0 for a free one."
    assert denied.startswith("--port 80: Permission denied. Choose another port")
