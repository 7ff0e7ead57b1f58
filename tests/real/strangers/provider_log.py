"""A proxy in front of a provider that writes down every request: what the provider's own log would show."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

READS = frozenset({"GET", "HEAD"})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"})


@dataclass(frozen=True)
class LoggedRequest:
    """One request as it arrived, and the status of its response."""

    method: str
    path: str
    credential: str
    body: bytes
    status: int


@dataclass
class ProviderLog:
    """Every request that reached the provider, in the order of its responses."""

    url: str
    requests: list[LoggedRequest] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, request: LoggedRequest) -> None:
        with self._lock:
            self.requests.append(request)

    def begin(self) -> None:
        """Forget what came before."""
        with self._lock:
            self.requests.clear()

    @property
    def writes(self) -> list[LoggedRequest]:
        return [request for request in self.requests if request.method not in READS]

    def not_written_by(self, *words: bytes) -> list[LoggedRequest]:
        """Return the writes whose path and body have none of ``words``, which only the integration's own have."""
        return [
            request
            for request in self.writes
            if not any(word in request.path.encode() + b"\n" + request.body for word in words)
        ]

    def refused(self) -> list[LoggedRequest]:
        return [request for request in self.requests if request.status in {401, 403}]

    def methods(self) -> Counter[str]:
        return Counter(request.method for request in self.requests)


@contextmanager
def logged_provider(upstream: str, *, port: int = 0) -> Iterator[ProviderLog]:
    """Forward requests to ``upstream`` ("host:port") from a free loopback port for the length of a block."""
    log = ProviderLog("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            connection = http.client.HTTPConnection(upstream, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            credential = self.headers.get("authorization", "")
            log.add(LoggedRequest(self.command, self.path, credential, body, answer.status))
            self.send_response(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    for method in METHODS:
        setattr(Handler, f"do_{method}", Handler._forward)
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    log.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield log
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
