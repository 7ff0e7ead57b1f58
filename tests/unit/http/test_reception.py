"""What arrives from one server is seen below every library, and nothing else is taken for it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from harness.http.reception import Reception


@pytest.fixture
def server() -> Iterator[int]:
    """A server that sends one byte on every connection; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                with accepted:
                    accepted.sendall(b"x")

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def read(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as client:
        return client.recv(1)


def read_into(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as client:
        return client.makefile("rb").read(1)


@pytest.mark.parametrize("reads", [read, read_into])
def test_what_a_socket_reads_from_the_server_is_seen(reads: object, server: int) -> None:
    """Both ways in which Python's clients read count, under any name of this machine."""
    reception = Reception(f"http://localhost:{server}/v1")

    with reception.watched():
        assert callable(reads)
        assert reads(server) == b"x"

    assert reception.began


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1", "http://api.example.com"])
def test_another_server_is_not_taken_for_it(url: str, server: int) -> None:
    """Another port is another server."""
    reception = Reception(url)

    with reception.watched():
        read(server)

    assert not reception.began


def test_nothing_is_seen_outside_the_block(server: int) -> None:
    """What arrives before and after is not counted, and the sockets' own methods are back."""
    before = [getattr(kind, name) for kind in (socket.socket, ssl.SSLSocket) for name in ("recv", "recv_into")]
    reception = Reception(f"http://127.0.0.1:{server}")

    with reception.watched():
        pass
    read(server)

    assert not reception.began
    after = [getattr(kind, name) for kind in (socket.socket, ssl.SSLSocket) for name in ("recv", "recv_into")]
    assert after == before
    assert "recv" not in vars(socket.socket)


def test_an_end_without_a_byte_is_nothing(server: int) -> None:
    """A connection that ends at once, and one that is not connected, bring nothing."""
    left, right = socket.socketpair()
    reception = Reception(f"http://127.0.0.1:{server}")

    with reception.watched(), left, right:
        right.sendall(b"x")
        assert left.recv(1) == b"x"  # a socket without a port
        right.close()
        assert left.recv(1) == b""

    assert not reception.began
