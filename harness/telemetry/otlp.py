"""The harness as a collector: OTLP over HTTP, protobuf or JSON, stored for the duration of one run.

Checks read spans through ``GET /_spans``, from any process. Every text that arrives is
written to one file, in the run's scratch folder alone, so that it can be searched for secrets when all is over.
"""

from __future__ import annotations

import ipaddress
import sys
import threading
from collections import deque
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import parse_qs, urlsplit

import msgspec

from harness.core.encodable import json_bytes
from harness.core.whole_numbers import whole_number
from harness.errors import ConfigurationError
from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from harness.http.parser import BadMessageError
from harness.telemetry.exports import MAX_BODY, UnreadableError, protobuf, spans_of, unpacked
from harness.telemetry.spans import ObservedSpan, Span, SpanRange, SpanTexts, TraceView

TRACES = "/v1/traces"
OTHERS = ("/v1/metrics", "/v1/logs")
MAX_SPANS = 20_000
"""Maximum number of spans that are stored in memory; the oldest are dropped."""
MAX_KEPT = 64 * 1024 * 1024
"""Bytes that their texts take in memory at most."""
MAX_FILE = 256 * 1024 * 1024
MAX_TROUBLES = 5
IDLE_S = 10.0
_MENTIONED = 4096
"""Characters of the texts of one span that are stored in memory."""
_READ_AT_ONCE = 4000
"""Maximum number of spans that one reading returns: the oldest."""


def address(text: str) -> tuple[str, int]:
    """Read ``[telemetry] otlp``, such as ``127.0.0.1:4318``; raises `ConfigurationError`."""
    host, _, port = text.rpartition(":")
    plain = host.strip("[]")
    number = whole_number(port)
    if number is None or not 0 < number < 65536 or not _is_loopback(plain):
        raise ConfigurationError(
            f"harness.toml: [telemetry] otlp: {text!r} is not a loopback address with a port, on which the harness can "
            'listen. Write otlp = "127.0.0.1:{port:otlp}"; traces from another machine need a tunnel to it.'
        )
    return plain, number


def _is_loopback(host: str) -> bool:
    try:
        found = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped.is_loopback  # before Python 3.13 the mapped address itself is never loopback
    return found.is_loopback


class SpanStore:
    """What arrived: spans in memory, texts in a file."""

    def __init__(self, file: BinaryIO) -> None:
        """``file`` is written to until it holds `MAX_FILE` bytes."""
        self._file = file
        self._spans: deque[ObservedSpan] = deque()
        self._kept = 0
        self._received = 0
        self._written = 0
        self._troubles: list[str] = []
        self._lock = threading.Lock()

    def add(self, span: Span | None, told: SpanTexts) -> None:
        """Store one span, or one text that belongs to none."""
        with self._lock:
            if span is not None:
                self._received += 1
                self._keep(ObservedSpan(span=span, texts=_cut(told.texts)))
            line = json_bytes(told) + b"\n"
            if self._written <= MAX_FILE < self._written + len(line):
                self._write(
                    SpanTexts(service="", name="more was exported than the harness stores", texts={}, unsearched=True)
                )
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
            found = [s.span for s in self._spans if _concerns(s, trace_id, text)]
            return TraceView(received=self._received, troubles=tuple(self._troubles), spans=tuple(found))

    def started_within(self, since_ns: int, until_ns: int) -> SpanRange:
        """Return the spans that started from ``since_ns`` on and before ``until_ns``, in the order of their start."""
        with self._lock:
            found = [s for s in self._spans if since_ns <= s.span.started_ns < until_ns]
            received, troubles = self._received, tuple(self._troubles)
        found.sort(key=lambda s: s.span.started_ns)
        return SpanRange(
            received=received,
            troubles=troubles,
            spans=tuple(found[:_READ_AT_ONCE]),
            more=max(0, len(found) - _READ_AT_ONCE),
        )

    def _keep(self, observed: ObservedSpan) -> None:
        self._spans.append(observed)
        self._kept += _size(observed)
        while len(self._spans) > MAX_SPANS or self._kept > MAX_KEPT:
            self._kept -= _size(self._spans.popleft())

    def _write(self, told: SpanTexts) -> None:
        self._file.write(json_bytes(told) + b"\n")


def _cut(texts: dict[str, str]) -> dict[str, str]:
    """Return the texts up to the character where all are `_MENTIONED` long."""
    left, found = _MENTIONED, {}
    for place, text in texts.items():
        if left > 0:
            found[place] = text[:left]
            left -= len(text)
    return found


def _size(observed: ObservedSpan) -> int:
    """Return the bytes that the texts of a span take in memory."""
    span = observed.span
    own = (span.trace_id, span.span_id, span.parent_id, span.name, span.service, span.kind, span.status, *span.links)
    return sum(map(sys.getsizeof, (*own, *observed.texts, *observed.texts.values())))


def _concerns(observed: ObservedSpan, trace_id: str, text: str) -> bool:
    """Whether a span belongs to a trace, links to it, or has ``text`` in one of its own."""
    if trace_id in (observed.span.trace_id, *observed.span.links):
        return True
    return bool(text) and any(text in each for each in observed.texts.values())


class SpanCollector(LoopbackServer):
    """Listens for exports while the block lasts, and answers checks."""

    def __init__(self, listen: str, path: Path) -> None:
        """``listen`` as in harness.toml, else raises `ConfigurationError`; every text goes to the file ``path``."""
        host, port = address(listen)
        # No exporter is to reuse a connection that has timed out meanwhile.
        super().__init__("otlp", host=host, port=port, max_body=MAX_BODY, idle_s=IDLE_S, keeps_open=False)
        self._listen = listen
        self._path = path

    def __enter__(self) -> Self:
        """Listen; raises `ConfigurationError` where that is not possible, or a package is missing."""
        self._parse = protobuf()
        self._file = self._path.open("ab")
        self._store = SpanStore(self._file)
        try:
            return super().__enter__()
        except OSError as exc:
            self._file.close()
            raise ConfigurationError(
                f"harness.toml: [telemetry] otlp: {self._listen} cannot be used: {exc.strerror}. Let the "
                'harness choose a free port: otlp = "127.0.0.1:{port:otlp}".'
            ) from None

    def __exit__(self, *raised: object) -> None:
        super().__exit__(*raised)
        self._file.close()

    def respond(self, request: Request) -> Response:
        """Store one export (OTLP 1.x, section OTLP/HTTP Request), or answer ``/_spans``.

        It is asked by trace_id and text, or by since_ns and until_ns.
        """
        if request.method == "GET":
            return self._spans(request)
        try:
            self.one_at_a_time(self._keep, request)
        except UnreadableError as exc:
            self._store.refuse(f"{request.target}: {exc}", unsearched=exc.status != 404)
            return _answer(exc.status)
        return _answer(200, b"{}" if _is_json(request) else b"")

    def refuse(self, error: BadMessageError) -> Response:
        """Note what is no request: OTLP over gRPC is not spoken here, and a killed exporter sends half of one."""
        if error.request is None:
            text = f"not an HTTP/1 request ({error}); set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
            self._store.refuse(text, unsearched=False)
        else:
            self._store.refuse(f"{error.request.target}: {error}", unsearched=not error.cut)
        return _answer(error.status)

    def _spans(self, request: Request) -> Response:
        if request.path != "/_spans":
            return _answer(404)
        asked = {key: values[0] for key, values in parse_qs(urlsplit(request.target).query).items()}
        if "since_ns" not in asked:
            found: msgspec.Struct = self._store.seen(asked.get("trace_id", ""), asked.get("text", ""))
        else:
            since, until = whole_number(asked["since_ns"]), whole_number(asked.get("until_ns", ""))
            if since is None or until is None:
                return _answer(400)
            found = self.started_within(since, until)
        return _answer(200, msgspec.json.encode(found))

    def started_within(self, since_ns: int, until_ns: int) -> SpanRange:
        """Return the spans that started from ``since_ns`` on and before ``until_ns``, as ``GET /_spans`` does."""
        return self._store.started_within(since_ns, until_ns)

    def _keep(self, request: Request) -> None:
        if request.method != "POST":
            raise UnreadableError(405, f"{request.method} is not a method of OTLP; use POST")
        body = unpacked(request.header("content-encoding"), request.body)
        if request.target in OTHERS:
            texts = {"body": body.decode(errors="replace")}
            self._store.add(None, SpanTexts(service="", name=request.target, texts=texts))
        elif request.target == TRACES:
            for span, told in spans_of(body, parse=None if _is_json(request) else self._parse):
                self._store.add(span, told)
        else:
            raise UnreadableError(404, f"not a path of OTLP; use {TRACES}")


def _is_json(request: Request) -> bool:
    return "json" in request.header("content-type")


def _answer(status: int, body: bytes = b"") -> Response:
    kind = "application/json" if body else "application/x-protobuf"
    return Response(status=status, headers=(("content-type", kind),), body=body)
