"""The harness as a collector, sent to by OpenTelemetry's own exporter and by bytes of our own."""

from __future__ import annotations

import contextlib
import gzip
import json
import secrets
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from harness.errors import ConfigurationError
from harness.secrets import Scanner
from harness.telemetry import exports, otlp
from harness.telemetry.otlp import SpanCollector, address
from harness.telemetry.spans import SpanRange, TraceView, leaks_in, unsearched_in
from tests.ports import free_port

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
JSON_EXPORT = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "node-app"}}]},
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": TRACE.upper(),
                            "spanId": "00f067aa0ba902b7",
                            "parentSpanId": PARENT,
                            "name": "POST /hooks",
                            "kind": 2,
                            "startTimeUnixNano": "1544712660000000000",
                            "endTimeUnixNano": "1544712661000000000",
                            "attributes": [
                                {"key": "ids", "value": {"arrayValue": {"values": [{"stringValue": "evt_7"}]}}}
                            ],
                        }
                    ]
                }
            ],
        }
    ]
}


class Listening:
    """A collector with its address and its file."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.at = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.at}"
        self.file = folder / "spans.jsonl"
        self.collector = SpanCollector(self.at, self.file)

    def seen(self, trace_id: str = "", text: str = "") -> TraceView:
        answer = httpx.get(f"{self.url}/_spans", params={"trace_id": trace_id, "text": text}, trust_env=False)
        return msgspec.json.decode(answer.content, type=TraceView)

    def post(self, body: bytes, path: str = "/v1/traces", **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers=named)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code

    def raw(self, data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    """A collector that listens."""
    found = Listening(tmp_path)
    with found.collector:
        yield found


@pytest.fixture
def provider(listening: Listening) -> Iterator[TracerProvider]:
    """An integration's tracer, which exports each span at its end."""
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{listening.url}/v1/traces", compression=Compression.Gzip)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider
    provider.shutdown()


def test_the_sdks_spans_are_seen_by_their_trace(listening: Listening, provider: TracerProvider) -> None:
    """Kind, parent and links survive the way; spans of other traces are only counted."""
    tracer = provider.get_tracer("test")
    ours = TraceContextTextMapPropagator().extract({"traceparent": f"00-{TRACE}-{PARENT}-01"})
    with tracer.start_as_current_span("POST /hooks", ours, SpanKind.SERVER) as server:
        pass
    tracer.start_span("process", None, SpanKind.CONSUMER, links=[Link(server.get_span_context())]).end()
    tracer.start_span("elsewhere").end()
    tracer.start_span("names it", attributes={"messaging.message.id": "evt_1"}).end()

    seen = listening.seen(TRACE)
    first, linked = seen.spans
    assert seen.received == 4
    assert (first.trace_id, first.parent_id, first.kind, first.service) == (TRACE, PARENT, "SERVER", "shop")
    assert 0 < first.started_ns <= first.ended_ns
    assert (linked.kind, linked.links, linked.trace_id != TRACE) == ("CONSUMER", (TRACE,), True)
    assert [s.name for s in listening.seen("none", "evt_1").spans] == ["names it"]


def test_spans_are_read_by_the_time_of_their_start(listening: Listening, provider: TracerProvider) -> None:
    """With status, attributes and exceptions, whenever they arrived; over HTTP as in this process."""
    tracer = provider.get_tracer("test")
    tracer.start_span("before", start_time=999).end()
    with (
        contextlib.suppress(ValueError),
        tracer.start_as_current_span("refuse", start_time=1000, attributes={"http.response.status_code": 401}),
    ):
        raise ValueError("forged")
    tracer.start_span("after", start_time=2000).end()

    times = {"since_ns": 1000, "until_ns": 2000}
    answer = httpx.get(f"{listening.url}/_spans", params=times, trust_env=False)
    found = msgspec.json.decode(answer.content, type=SpanRange)
    (observed,) = found.spans
    assert found == listening.collector.started_within(**times)
    assert (found.received, found.more, observed.span.name, observed.span.status) == (3, 0, "refuse", "ERROR")
    assert observed.texts["http.response.status_code"] == "401"
    assert observed.texts["event 1 exception exception.type"] == "ValueError"


@pytest.mark.parametrize("query", ["since_ns=1", "since_ns=1&until_ns=x", "since_ns=-1&until_ns=2"])
def test_a_range_of_time_needs_both_ends(query: str, listening: Listening) -> None:
    """Whole nanoseconds, or 400."""
    assert httpx.get(f"{listening.url}/_spans?{query}", trust_env=False).status_code == 400


def test_more_spans_than_one_reading_returns_are_counted(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are returned, with texts that are cut."""
    monkeypatch.setattr(otlp, "_READ_AT_ONCE", 1)
    long = {"key": "note", "value": {"stringValue": "x" * 10_000}}
    spans = [{"name": str(n), "startTimeUnixNano": str(n), "attributes": [long]} for n in (7, 5, 6)]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    assert listening.post(body, content_type="application/json") == 200

    found = listening.collector.started_within(0, 10)
    assert ([s.span.name for s in found.spans], found.more) == (["5"], 2)
    assert sum(map(len, found.spans[0].texts.values())) <= 4096


def test_a_secret_in_a_span_is_placed_at_its_attribute(listening: Listening, provider: TracerProvider) -> None:
    """Attributes, also of events, are searched; the place names service, span and attribute, and never the value."""
    value = secrets.token_hex(16)
    span = provider.get_tracer("test").start_span("GET", attributes={"http.request.header.authorization": value})
    span.end()
    listening.collector._file.flush()

    (leak,) = leaks_in(listening.file, Scanner({"env:KEY": value}))
    assert (leak.secret, leak.line) == ("env:KEY", 0)
    assert leak.place == "a span of shop, 'GET', http.request.header.authorization"
    assert leaks_in(listening.file, Scanner({"env:KEY": secrets.token_hex(16)})) == []


@pytest.mark.parametrize(
    "value", [{"stringValue": "S"}, {"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "S"}}]}}]
)
@pytest.mark.parametrize("where", ["attributes", "events", "links", "status", "traceState", "name"])
def test_every_text_of_a_span_is_searched(
    where: str, value: dict[str, object], listening: Listening, tmp_path: Path
) -> None:
    """Wherever OTLP has room for a text, a secret in it is found."""
    secret = secrets.token_hex(16)
    holder = {"attributes": [{"key": "a", "value": value}]}
    parts: dict[str, object] = {
        **holder,
        "events": [{"name": "e", **holder}],
        "links": [{"traceId": TRACE, "spanId": PARENT, **holder}],
        "status": {"message": "S"},
        "traceState": "S",
        "name": "S",
    }
    export = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": TRACE, where: parts[where]}]}]}]}
    body = json.dumps(export).replace('"S"', json.dumps(secret)).encode()
    assert listening.post(body, content_type="application/json") == 200
    listening.collector._file.flush()

    assert [leak.secret for leak in leaks_in(tmp_path / "spans.jsonl", Scanner({"env:KEY": secret}))] == ["env:KEY"]


@pytest.mark.parametrize("packed", [False, True])
def test_json_is_read_like_protobuf(packed: bool, listening: Listening) -> None:  # noqa: FBT001 - a parameter of a test
    """OTLP/JSON has its ids in hexadecimal, and may be compressed too."""
    body = json.dumps(JSON_EXPORT).encode()
    encoding = {"content_encoding": "gzip"} if packed else {}
    status = listening.post(
        gzip.compress(body, mtime=0) if packed else body, content_type="application/json", **encoding
    )

    (span,) = listening.seen(TRACE).spans
    assert status == 200
    assert (span.kind, span.parent_id, span.service) == ("SERVER", PARENT, "node-app")
    assert listening.seen("", "evt_7").spans == (span,)


def test_a_body_in_chunks_is_read(listening: Listening) -> None:
    """An exporter that compresses as it sends cannot tell its length before."""
    body = json.dumps(JSON_EXPORT).encode()
    head = (
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    chunks = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (10, body[:10], len(body) - 10, body[10:])

    assert b" 200 " in listening.raw(head + chunks)
    assert listening.seen(TRACE).received == 1


def test_metrics_and_logs_are_taken_and_searched(listening: Listening) -> None:
    """An SDK exports all it has to one endpoint; nothing of it is refused, or left out of the search."""
    secret = secrets.token_hex(16)

    assert listening.post(f"\n\x05{secret}".encode(), "/v1/logs") == 200
    listening.collector._file.flush()
    assert [x.place for x in leaks_in(listening.file, Scanner({"k": secret}))] == [
        "a span of the integration, '/v1/logs', body"
    ]


@pytest.mark.parametrize(
    "body, headers, status, why",
    [
        (b"\xff\xff", {}, 400, "no export of spans: DecodeError"),
        (b"[1]", {"content_type": "application/json"}, 400, "no export of spans: AttributeError"),
        (b"plain text", {"content_encoding": "gzip"}, 400, "no gzip"),
        (gzip.compress(b"{}", mtime=0)[:12], {"content_encoding": "gzip"}, 400, "gzip without its end"),
        (b"x", {"content_encoding": "zstd"}, 415, "compressed with 'zstd'; set OTEL_EXPORTER_OTLP_COMPRESSION=gzip"),
        (gzip.compress(b"\0" * 5000, mtime=0), {"content_encoding": "gzip"}, 413, "more than 4096 bytes, unpacked"),
        (b"\0" * 5000, {}, 413, "a body of 5,000 bytes; 4,096 are allowed"),
    ],
)
def test_an_export_that_cannot_be_read_is_told(
    body: bytes,
    headers: dict[str, str],
    status: int,
    why: str,
    listening: Listening,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is refused with its reason, and counts as not searched; the next one is taken."""
    monkeypatch.setattr(exports, "MAX_BODY", 4096)
    monkeypatch.setattr(listening.collector, "max_body", 4096)

    assert listening.post(body, **headers) == status
    assert listening.seen().troubles == (f"/v1/traces: {why}",)
    assert listening.post(json.dumps(JSON_EXPORT).encode(), content_type="application/json") == 200
    listening.collector._file.flush()
    assert unsearched_in(listening.file) == [f"/v1/traces: {why}"]


@pytest.mark.parametrize("framing", [b"content-length: 100\r\n\r\nab", b"transfer-encoding: chunked\r\n\r\n64\r\nab"])
def test_an_export_whose_sender_died_is_let_go(framing: bytes, listening: Listening) -> None:
    """A killed process is no defect of its telemetry: what it did not send could not be searched by anybody."""
    assert b" 400 " in listening.raw(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\n" + framing)
    assert listening.seen().troubles == ("/v1/traces: a body that was cut",)
    listening.collector._file.flush()
    assert unsearched_in(listening.file) == []


def test_more_than_the_file_may_hold_is_told(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not kept is not searched, and that is known."""
    monkeypatch.setattr(otlp, "MAX_FILE", 400)
    for _ in range(5):
        listening.post(json.dumps(JSON_EXPORT).encode(), content_type="application/json")
    listening.collector._file.flush()

    assert unsearched_in(listening.file) == ["more was exported than the harness stores"]


def test_grpc_is_told_from_silence(listening: Listening) -> None:
    """Who exports over gRPC reads what to set."""
    listening.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

    assert "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in listening.seen().troubles[0]


def test_other_paths_are_not_found(listening: Listening) -> None:
    """A wrong path is named with the right one."""
    assert listening.post(b"", "/traces") == 404
    assert httpx.get(f"{listening.url}/", trust_env=False).status_code == 404
    assert listening.seen().troubles == ("/traces: not a path of OTLP; use /v1/traces",)


@pytest.mark.parametrize(
    "text",
    ["4318", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", "0.0.0.0:4318", "[::ffff:8.8.8.8]:4318", "example.com:4318"],
)
def test_only_a_loopback_address_with_a_port_will_do(text: str) -> None:
    """The message names the key and the line to write."""
    with pytest.raises(ConfigurationError, match=r"\[telemetry\] otlp: .* Write otlp = \"127\.0\.0\.1:\{port:otlp\}\""):
        address(text)


@pytest.mark.parametrize("text", ["127.0.0.1:4318", "localhost:4318", "[::1]:4318", "[::ffff:127.0.0.1]:4318"])
def test_loopback_has_several_names(text: str) -> None:
    """Brackets around an IPv6 address are no part of it."""
    assert address(text) == (text.rpartition(":")[0].strip("[]"), 4318)


def test_a_port_that_is_taken_is_told(listening: Listening, tmp_path: Path) -> None:
    """The message names the address and how to have a free one."""
    with (
        pytest.raises(ConfigurationError, match=r"otlp: 127\.0\.0\.1:\d+ cannot be used: Address already in use"),
        SpanCollector(listening.at, tmp_path / "other"),
    ):
        pass


def test_the_missing_package_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the message is the command that installs it."""
    monkeypatch.setitem(sys.modules, "opentelemetry.proto", None)
    with (
        pytest.raises(ConfigurationError, match=r"needs opentelemetry-proto, .* pip install '.+\[telemetry\]'"),
        SpanCollector("127.0.0.1:1", tmp_path / "x"),
    ):
        pass
