"""Receivers of every kind, good and bad, on sockets of their own."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

Behaviour = Callable[[socket.socket], None]
Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a receiver that treats each connection as the given function does; return its URL."""
    with contextlib.ExitStack() as stack:

        def start(behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> str:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
            open_ones: list[socket.socket] = []
            acceptor = threading.Thread(target=_accept, args=(server, behaviour, tls, open_ones), daemon=True)
            acceptor.start()
            stack.callback(acceptor.join, 5)
            stack.callback(_shut, server, open_ones)
            return f"http{'s' if tls else ''}://127.0.0.1:{server.getsockname()[1]}/hook"

        yield start


def _accept(
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
