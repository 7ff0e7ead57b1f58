"""Whether anything arrives from one server, whichever library of this process reads it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from harness.http.address import origin_of
from harness.http.message import is_loopback

_READS = ("recv", "recv_into")


class Reception:
    """What Python's sockets read from a server, below every library that could answer in its place.

    All clients whose sockets are Python's are seen: httpx, requests, urllib3, aiohttp, http.client. Libraries that read
    in C or Rust, such as pycurl and uvloop, are not.
    """

    def __init__(self, url: str) -> None:
        """``url`` is any URL of the server."""
        _, host, self._port = origin_of(url)
        self._here = is_loopback(host)
        self.began = False
        """Whether anything arrived."""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch what arrives during the block."""
        with ExitStack() as stack:
            for kind in (socket.socket, ssl.SSLSocket):
                for name in _READS:
                    stack.enter_context(self._noting(kind, name))
            yield

    @contextmanager
    def _noting(self, kind: type[socket.socket], name: str) -> Iterator[None]:
        read: Callable[..., Any] = getattr(kind, name)
        inherited = name not in vars(kind)

        def noting(source: socket.socket, *args: Any, **options: Any) -> Any:
            result = read(source, *args, **options)
            if result and not self.began:
                self.began = self._is_of(source)
            return result

        setattr(kind, name, noting)
        try:
            yield
        finally:
            if inherited:
                delattr(kind, name)
            else:
                setattr(kind, name, read)

    def _is_of(self, source: socket.socket) -> bool:
        """Whether a socket is connected to the server: to its port, and on this machine only where the server is."""
        try:
            peer = source.getpeername()
        except OSError:
            return False
        if not isinstance(peer, tuple):  # a socket with a path
            return False
        host = str(peer[0]).removeprefix("::ffff:")  # IPv4 on a socket of IPv6
        return peer[1] == self._port and (is_loopback(host) or not self._here)
