"""The harness as a collector: OTLP over HTTP, protobuf or JSON, kept for the length of one run.

Spans are looked at by checks through ``GET /_spans``, from whatever process a check runs in. Every text that arrives is
written to one file, in the run's scratch folder alone, so that it can be searched for secrets when all is over.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import parse_qs, urlsplit

import msgspec

from harness.errors import ConfigurationError
from harness.telemetry.exports import Parse, UnreadableError, chunked_body, plain_body, protobuf, spans_of, unpacked
from harness.telemetry.spans import Span, SpanTexts, TraceView

TRACES = "/v1/traces"
OTHERS = ("/v1/metrics", "/v1/logs")
MAX_SPANS = 20_000
"""As many are looked at; the oldest make room."""
MAX_FILE = 256 * 1024 * 1024
MAX_TROUBLES = 5
_MENTIONED = 4096


def address(text: str) -> tuple[str, int]:
    """Read ``[telemetry] otlp``, such as ``127.0.0.1:4318``; raises `ConfigurationError`."""
    host, _, port = text.rpartition(":")
    plain = host.strip("[]")
    if not port.isdigit() or not 0 < int(port) < 65536 or not _is_loopback(plain):
        raise ConfigurationError(
            f"harness.toml: [telemetry] otlp: {text!r} is no loopback address with a port, on which the harness can "
            'listen. Write otlp = "127.0.0.1:{port:otlp}"; traces from another machine need a tunnel to it.'
        )
    return plain, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class SpanStore:
    """What arrived: spans in memory, texts in a file."""

    def __init__(self, file: BinaryIO) -> None:
        """``file`` is written to until it holds `MAX_FILE` bytes."""
        self._file = file
        self._spans: deque[tuple[Span, str]] = deque(maxlen=MAX_SPANS)
        self._received = 0
        self._written = 0
        self._troubles: list[str] = []
        self._lock = threading.Lock()

    def add(self, span: Span | None, told: SpanTexts) -> None:
        """Keep one span, or one text that belongs to none."""
        with self._lock:
            if span is not None:
                self._received += 1
                self._spans.append((span, "\n".join(told.texts.values())[:_MENTIONED]))
            line = msgspec.json.encode(told) + b"\n"
            if self._written <= MAX_FILE < self._written + len(line):
                self._write(SpanTexts(service="", name="more was exported than is kept", texts={}, unsearched=True))
            self._written += len(line)
            if self._written <= MAX_FILE:
                self._file.write(line)

    def refuse(self, why: str, *, unsearched: bool) -> None:
        """Note an export that could not be read."""
        with self._lock:
            if why not in self._troubles and len(self._troubles) < MAX_TROUBLES:
                self._troubles.append(why)
                if unsearched:
                    self._write(SpanTexts(service="", name=why, texts={}, unsearched=True))

    def seen(self, trace_id: str, text: str) -> TraceView:
        """Return the spans of a trace, those that link to it, and those with ``text`` in one of their attributes."""
        with self._lock:
            found = [s for s, texts in self._spans if trace_id in (s.trace_id, *s.links) or (text and text in texts)]
            return TraceView(received=self._received, troubles=tuple(self._troubles), spans=tuple(found))

    def _write(self, told: SpanTexts) -> None:
        self._file.write(msgspec.json.encode(told) + b"\n")


class SpanCollector:
    """Listens for exports while the block lasts."""

    def __init__(self, listen: str, path: Path) -> None:
        """``listen`` as in harness.toml; ``path`` is the file that every text goes to."""
        self._listen = listen
        self._path = path

    def __enter__(self) -> Self:
        """Listen; raises `ConfigurationError` where that is not possible, or a package is missing."""
        parse, at = protobuf(), address(self._listen)
        self._file = self._path.open("ab")
        try:
            self._server = _Server(at, SpanStore(self._file), parse)
        except OSError as exc:
            self._file.close()
            raise ConfigurationError(
                f"harness.toml: [telemetry] otlp: {self._listen} cannot be listened on: {exc.strerror}. Let the "
                'harness choose a free port: otlp = "127.0.0.1:{port:otlp}".'
            ) from None
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="otlp", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._file.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    request_queue_size = 64

    def __init__(self, at: tuple[str, int], kept: SpanStore, parse: Parse) -> None:
        self.kept = kept
        self.parse = parse
        self.address_family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
        super().__init__(at, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of an exporter that hung up: it tells its own log."""


class _Handler(BaseHTTPRequestHandler):
    """Takes exports, and answers checks."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self) -> None:
        """Keep one export (OTLP 1.x, section OTLP/HTTP Request)."""
        try:
            body = unpacked(self.headers.get("content-encoding", ""), self._body())
            self._keep(body)
        except UnreadableError as exc:
            self.server.kept.refuse(f"{self.path}: {exc}", unsearched=exc.status != 404 and not exc.cut)
            self._answer(exc.status, b"")
            return
        self._answer(200, b"{}" if self._json else b"")

    def do_GET(self) -> None:
        """Answer ``/_spans?trace_id=…&text=…``."""
        url = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path != "/_spans":
            self._answer(404, b"")
            return
        self._answer(200, msgspec.json.encode(self.server.kept.seen(asked.get("trace_id", ""), asked.get("text", ""))))

    @property
    def _json(self) -> bool:
        return "json" in self.headers.get("content-type", "")

    def _keep(self, body: bytes) -> None:
        if self.path in OTHERS:
            texts = {"body": body.decode(errors="replace")}
            self.server.kept.add(None, SpanTexts(service="", name=self.path, texts=texts))
        elif self.path == TRACES:
            for span, told in spans_of(body, parse=None if self._json else self.server.parse):
                self.server.kept.add(span, told)
        else:
            raise UnreadableError(404, f"no path of OTLP; {TRACES} is")

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            return chunked_body(self.rfile)
        return plain_body(self.rfile, self.headers.get("content-length", "0"))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json" if body else "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")  # so that no exporter reuses what has timed out meanwhile
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Note what is no HTTP/1 request: OTLP over gRPC is not spoken here."""
        self.server.kept.refuse(
            f"no HTTP/1 request ({message}); set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", unsearched=False
        )
        super().send_error(code, message, explain)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""
