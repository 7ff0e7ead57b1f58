"""Captures incoming deliveries as fixtures: without signatures and secrets, ready to be signed anew and replayed."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError
from harness.http.message import Headers
from harness.webhooks.events import LIMIT_BYTES, any_type
from harness.webhooks.schemes import SCHEMES

READ_WITHIN_S = 30.0
_NAME_CHARS = 60
# Those of one connection alone (RFC 9110, section 7.6.1), what a proxy adds, and what proves or authorizes: a replay
# has its own.
_DROPPED = re.compile(
    r"connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|expect|accept-encoding|date"
    r"|forwarded|x-forwarded-.*|x-real-ip|via|authorization|cookie|.*signature.*|.*hmac.*"
)
_OF_SCHEMES = frozenset(
    name for s in SCHEMES for name in (s.header, s.timestamp_header, *(name for name, _ in s.beside)) if name
)

Clean = Callable[[Headers, bytes], tuple[Headers, bytes]]
"""Takes the secrets out of headers and body."""


class CaptureStore:
    """A folder of captured deliveries; a file stands there whole or not at all."""

    def __init__(self, folder: Path, clean: Clean) -> None:
        """Make the folder if need be; raises `ConfigurationError` when that cannot be."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigurationError(f"--into {folder}: {exc.strerror}. Name a folder that can be written.") from None
        self.folder = folder
        self._clean = clean
        self._lock = threading.Lock()
        self._number = max((int(p.name[:4]) for p in folder.glob("[0-9][0-9][0-9][0-9]-*.http")), default=0)

    def keep(self, headers: Headers, body: bytes) -> Path:
        """Write one delivery and return its file; raises OSError when it cannot be written."""
        headers = tuple((name.lower(), value) for name, value in headers)
        kind = _type_of(headers, body)
        kept, content = self._clean(tuple(h for h in headers if not _is_dropped(h[0])), body)
        head = "".join(f"{name}: {value}\r\n" for name, value in kept).encode("latin-1", "replace")
        with self._lock:
            self._number += 1
            path = self.folder / f"{self._number:04}-{kind}.http"
        partial = path.with_suffix(".part")
        try:
            partial.write_bytes(head + b"\r\n" + content)
            os.replace(partial, path)  # noqa: PTH105 - one rename, as atomic as the file system makes it
        finally:
            partial.unlink(missing_ok=True)
        return path


class CaptureServer(ThreadingHTTPServer):
    """Answers 200 to every delivery that was stored, and tells ``each`` of it in a line."""

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        store: CaptureStore,
        *,
        each: Callable[[str], None],
        limit: int,
        judge: Callable[[str, Headers, bytes], str] | None = None,
    ) -> None:
        """``judge`` tells of URL, headers and body why they are not genuine; after ``limit`` deliveries it ends."""
        try:
            super().__init__(address, _Handler)
        except OSError as exc:
            raise ConfigurationError(f"--port {address[1]}: {exc.strerror}. Choose a port that is free.") from None
        self.store = store
        self.judge = judge
        self.counts: Counter[str] = Counter()
        self._each = each
        self._limit = limit
        self._telling = threading.Lock()

    @property
    def summary(self) -> str:
        """What was captured, in a line."""
        refused = f", {self.counts['refused']} refused" if self.counts["refused"] else ""
        return f"{self.counts['captured']} captured into {self.store.folder}{refused}"

    def tell(self, outcome: str, line: str) -> None:
        """Count a delivery as ``captured`` or ``refused`` and tell of it."""
        with self._telling:
            self.counts[outcome] += 1
            self._each(line)

    def end_at_limit(self) -> None:
        """Stop listening once enough was captured."""
        if self.counts["captured"] >= self._limit:
            threading.Thread(target=self.shutdown).start()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class' signature
        """Pass over a sender that went away; what was stored was told of."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            self.tell("refused", "a delivery broke off")


class _Handler(BaseHTTPRequestHandler):
    server: CaptureServer
    protocol_version = "HTTP/1.1"
    timeout = READ_WITHIN_S

    def handle_delivery(self) -> None:
        """Store what came."""
        body, refusal = self._body()
        if refusal:
            self.server.tell("refused", f"refused: {refusal}")
            self._answer(413 if "bytes" in refusal else 400, refusal)
            return
        headers: Headers = tuple(self.headers.items())
        verdict = self._verdict(headers, body)
        try:
            path = self.server.store.keep(headers, body)
        except OSError as exc:
            self.server.tell("refused", f"not stored: {exc.strerror}. The sender was told to try again.")
            self._answer(503, "not stored")
            return
        self.server.tell("captured", f"{path.name}: {len(body):,} bytes{verdict}")
        try:
            self._answer(200, "captured")
        finally:
            self.server.end_at_limit()

    do_POST = do_PUT = do_PATCH = handle_delivery  # noqa: N815 - the names http.server looks for

    def do_OPTIONS(self) -> None:
        """Agree to deliveries (CloudEvents 1.0, HTTP 1.1 Web Hooks for Event Delivery, section 4)."""
        self.send_response(200)
        self.send_header("webhook-allowed-origin", self.headers.get("webhook-request-origin", "*"))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' signature
        """Stay silent: the line of each delivery says what there is to say."""

    def _verdict(self, headers: Headers, body: bytes) -> str:
        if self.server.judge is None:
            return ""
        complaint = self.server.judge(f"http://{self.headers.get('host', '')}{self.path}", headers, body)
        return f", not genuine: {complaint}" if complaint else ", genuine"

    def _body(self) -> tuple[bytes, str]:
        """Return the body, or why it is not taken."""
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = self.headers.get("content-length", "0")
        if not length.isdigit():
            return b"", "a content-length that is no number"
        if int(length) > LIMIT_BYTES:
            self.close_connection = True
            return b"", f"{int(length):,} bytes; a fixture may have {LIMIT_BYTES:,}"
        body = self.rfile.read(int(length))
        return (body, "") if len(body) == int(length) else (b"", "a body that ended early")

    def _chunks(self) -> tuple[bytes, str]:
        body = bytearray()
        while size := int(self.rfile.readline(100).partition(b";")[0].strip() or b"0", 16):
            if len(body) + size > LIMIT_BYTES:
                self.close_connection = True
                return b"", f"more than {LIMIT_BYTES:,} bytes"
            body += self.rfile.read(size)
            self.rfile.readline(100)
        while self.rfile.readline(8192).strip():
            pass
        return bytes(body), ""

    def _answer(self, status: int, text: str) -> None:
        content = json.dumps({"message": text}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _is_dropped(name: str) -> bool:
    return name in _OF_SCHEMES or _DROPPED.fullmatch(name) is not None


def _type_of(headers: Headers, body: bytes) -> str:
    """Return the event's type as part of a file's name."""
    return re.sub(r"[^\w.-]+", "-", any_type(headers, body)).strip(".-")[:_NAME_CHARS] or "event"
