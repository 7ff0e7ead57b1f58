"""A place for the provider to send its webhooks to: keeps what comes, and fails on purpose a few times first."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from harness.http.message import Headers

REFUSED_FIRST = 3
"""Events whose first delivery is answered with 503, to see each of them come again."""
KEPT = 2000
MAX_BODY = 4 * 1024 * 1024


class Caught(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as it arrived."""

    at: float
    """Unix seconds."""
    headers: Headers
    """Names in lower case."""
    body: bytes
    event: str
    """Id of the event; empty when it has none."""
    status: int
    """What it was answered with."""

    @property
    def identity(self) -> str:
        """What tells its event from every other: the id or, where it has none, the body."""
        return f"id {self.event}" if self.event else f"body {hashlib.sha256(self.body).hexdigest()}"


class Catcher:
    """Listens in a thread; every delivery is appended to a file, so that any process of the run can read it."""

    def __init__(
        self, port: int, file: Path, *, event_id: Callable[[Headers, bytes], str], now: Callable[[], float]
    ) -> None:
        """``event_id`` finds the id of an event, empty where there is none."""
        self._file = file
        self._event_id = event_id
        self._now = now
        self._lock = threading.Lock()
        self._refused: set[str] = set()
        self._kept = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._file.touch(mode=0o600)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="catcher", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def take(self, headers: Headers, body: bytes) -> int:
        """Keep one delivery and return the status to answer."""
        caught = Caught(at=self._now(), headers=headers, body=body, event=self._event_id(headers, body), status=200)
        with self._lock:
            if caught.identity not in self._refused and len(self._refused) < REFUSED_FIRST:
                self._refused.add(caught.identity)
                caught = msgspec.structs.replace(caught, status=503)
            if self._kept < KEPT:
                self._kept += 1
                with self._file.open("ab") as out:
                    out.write(base64.b64encode(msgspec.msgpack.encode(caught)) + b"\n")
        return caught.status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self.take

        class Handler(BaseHTTPRequestHandler):
            """Answers POST."""

            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_POST(self) -> None:
                """Take one delivery."""
                length = self.headers.get("content-length", "")
                if not length.isdigit() or int(length) > MAX_BODY:
                    self.close_connection = True
                    self._say(413 if length.isdigit() else 411)
                    return
                headers = tuple((name.lower(), value) for name, value in self.headers.items())
                self._say(take(headers, self.rfile.read(int(length))))

            def _say(self, status: int) -> None:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
                """Say nothing."""

        return Handler


def caught_in(file: Path) -> list[Caught]:
    """Return the deliveries kept so far, in order of arrival; a line still being written is left out."""
    lines = file.read_bytes().split(b"\n")[:-1] if file.is_file() else []
    return [msgspec.msgpack.decode(base64.b64decode(line), type=Caught) for line in lines]
