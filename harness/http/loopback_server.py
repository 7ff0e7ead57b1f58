"""The base of every server of the harness: it listens on loopback, takes any request, and ends with its block."""

from __future__ import annotations

import errno
import socket
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from typing import ParamSpec, Self, TypeVar

from harness.errors import ConfigurationError
from harness.http.held_bytes import HeldBytes
from harness.http.message import Request, Response
from harness.http.parser import MAX_BODY, BadMessageError
from harness.http.server_connection import MAX_CONNECTIONS, ServerConnection
from harness.process.open_files import ENOUGH, require_open_files

HOST = "127.0.0.1"
BACKLOG = 128
IDLE_S = 60.0
RETRY_S = 0.1
"""Seconds to pause after a connection could not be accepted, for example without free file descriptors or threads."""
JOIN_S = 5.0

NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Why no connection at all can be accepted, until others end."""
_END_OTHERS = "End other programs, or raise the limits of the system."

P = ParamSpec("P")
T = TypeVar("T")

RawAnswer = Callable[[ServerConnection], bool]
"""Answers on the connection itself; returns whether that can be used again."""


class LoopbackServer(ABC):
    """Answers each request with what `respond` returns, in a thread for each connection.

    All that RFC 9112 allows is accepted: any method, bodies with a length or in chunks, ``Expect: 100-continue``,
    absolute targets, HTTP/1.0, and many requests on one connection. Anything else goes to `refuse`.
    """

    def __init__(
        self,
        name: str,
        *,
        port: int = 0,
        host: str = HOST,
        max_body: int = MAX_BODY,
        idle_s: float = IDLE_S,
        grace_s: float = 0.0,
        keeps_open: bool = True,
    ) -> None:
        """Prepare the server; it does not listen yet. ``port`` 0 means any free one.

        ``name`` is that of its threads, ``max_body`` bounds the body of a request in bytes, ``idle_s`` how long a
        client may be silent, and ``grace_s`` how long unfinished responses are awaited at the end. Unless it
        ``keeps_open``, a connection ends with its first response.
        """
        self.name = name
        self.port = port
        self.on_connection: Callable[[], object] = lambda: None
        """Called with each connection, before its first request."""
        self.max_body = max_body
        self._host = host
        self._idle_s = idle_s
        self._grace_s = grace_s
        self._keeps_open = keeps_open
        self._changed = threading.Condition()
        self._held = HeldBytes()
        self._alone = ThreadPoolExecutor(1, f"{name}-alone")
        self._connections: dict[ServerConnection, None] = {}  # the oldest first
        self._threads: set[threading.Thread] = set()
        self._is_short = False
        self._stopping = False

    @abstractmethod
    def respond(self, request: Request) -> Response | RawAnswer:
        """Return what answers a request; called in the thread of its connection."""

    def refuse(self, error: BadMessageError) -> Response:
        """Return what answers something that is no request that can be taken."""
        return Response(status=error.status)

    def prepare(self, connection: ServerConnection) -> None:  # noqa: B027 - most servers have nothing to prepare
        """Do what a connection needs before its first request, in its thread; OSError ends it."""

    def report(self, text: str) -> None:
        """Print what hinders the server, which goes on."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def one_at_a_time(self, act: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Return what ``act`` returns: for what takes a multiple of a body, in one thread for all connections.

        Allocators keep what each thread once took, so that a lock around it would not do.
        """
        return self._alone.submit(act, *args, **options).result()

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self.port}"

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._listener = socket.create_server((self._host, self.port), family=family, backlog=BACKLOG)
        self.port = int(self._listener.getsockname()[1])
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening, end every connection, and wait for every thread."""
        with self._changed:
            self._stopping = True
            for connection in self._connections:
                if not connection.busy:
                    connection.interrupt()
            self._changed.wait_for(lambda: not any(c.busy for c in self._connections), self._grace_s)
            for connection in self._connections:
                connection.interrupt()
            threads = tuple(self._threads)
        with suppress(OSError), socket.create_connection((self._host, self.port), JOIN_S):
            pass  # wakes the thread that accepts: closing alone does so on Linux only
        for thread in threads:
            thread.join(JOIN_S)
        self._alone.shutdown(wait=False, cancel_futures=True)
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=self._run, args=(target, *args), name=self.name, daemon=True)
        with self._changed:
            thread.start()
            self._threads.add(thread)

    def _run(self, target: Callable[..., None], *args: object) -> None:
        try:
            target(*args)
        finally:
            with self._changed:
                self._threads.discard(threading.current_thread())

    def _accept(self) -> None:
        while not self._stopping:
            try:
                client, _ = self._listener.accept()
            except OSError as exc:
                if exc.errno in NO_ROOM:
                    self._report_short(no_connection(exc))
                time.sleep(RETRY_S)
                continue
            self._admit(client)

    def _admit(self, client: socket.socket) -> None:
        self.on_connection()
        client.settimeout(self._idle_s)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = ServerConnection(client, max_body=self.max_body, held=self._held)
        with self._changed:
            self._make_room()
            if self._stopping:
                client.close()
                return
            self._connections[connection] = None
            try:
                self._start(self._serve, connection)
            except RuntimeError:
                self._report_short(f"A connection is closed: no thread can be started for it. {_END_OTHERS}")
                del self._connections[connection]
                client.close()
                self._changed.wait(RETRY_S)

    def _report_short(self, text: str) -> None:
        """Report once: connections come many a second."""
        if not self._is_short:
            self._is_short = True
            with suppress(OSError, ValueError):  # also what is printed may be refused
                self.report(text)

    def _make_room(self) -> None:
        """Wait until there is place for one more connection: those that wait for a request end, the oldest first."""
        for connection in tuple(self._connections):
            if len(self._connections) < MAX_CONNECTIONS:
                return
            if not connection.busy:
                connection.interrupt()
                self._changed.wait(RETRY_S)
        self._changed.wait_for(lambda: self._stopping or len(self._connections) < MAX_CONNECTIONS)

    def _serve(self, connection: ServerConnection) -> None:
        try:
            self.prepare(connection)
            while self._serve_one(connection):
                pass
        except OSError:
            return  # the client hung up
        finally:
            connection.release()
            with self._changed:
                self._connections.pop(connection, None)
                self._changed.notify_all()
            connection.socket.close()

    def _serve_one(self, connection: ServerConnection) -> bool:
        """Answer one request; return whether the connection can be used again."""
        try:
            request = connection.read()
        except BadMessageError as exc:
            if self._stopping:
                return False
            connection.release()
            connection.closes = True
            connection.send(self.refuse(exc))
            connection.linger()
            return False
        with self._changed:
            if request is None or self._stopping:
                return False
            connection.busy = True
        try:
            again = self._answer(connection, request)
        finally:
            connection.release()
            with self._changed:
                connection.busy = False
                self._changed.notify_all()
        if again and connection.closes:
            connection.linger()
        return again and not connection.closes

    def _answer(self, connection: ServerConnection, request: Request) -> bool:
        connection.closes |= not self._keeps_open
        answer = self._responded(connection, request)
        if isinstance(answer, Response):
            connection.send(answer)
            return True
        return answer(connection)

    def _responded(self, connection: ServerConnection, request: Request) -> Response | RawAnswer:
        if request.method == "CONNECT":  # no server of the harness is a tunnel
            return Response(status=HTTPStatus.NOT_IMPLEMENTED)
        try:
            return self.respond(request)
        except Exception:  # noqa: BLE001 - the client gets an answer, and `threading.excepthook` the traceback
            kind, error, trace = sys.exc_info()
            assert kind is not None
            threading.excepthook(threading.ExceptHookArgs((kind, error, trace, threading.current_thread())))
            connection.closes = True
            return Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)


class CommandServer(LoopbackServer):
    """The server of a command, on the port that its option ``--port`` names."""

    def __enter__(self) -> Self:
        """Listen; raises `ConfigurationError` where that is not possible."""
        require_open_files()
        try:
            return super().__enter__()
        except OSError as exc:
            raise ConfigurationError(port_refused(self.port, exc)) from None


def no_connection(exc: OSError) -> str:
    """Return the message for a machine that lets no connection be accepted: why, and what to do."""
    advice = f"Raise the limit of the system: ulimit -n {ENOUGH}." if exc.errno == errno.EMFILE else _END_OTHERS
    return f"New connections wait until others end: {exc.strerror}. {advice}"


def port_refused(port: int, exc: OSError) -> str:
    """Return the message for a port on which nothing can listen: why, and what to do."""
    why = "the port is in use" if exc.errno == errno.EADDRINUSE else exc.strerror
    return f"--port {port}: {why}. Choose another port, or --port 0 for a free one."
