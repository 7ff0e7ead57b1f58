from __future__ import annotations

import contextlib
import gzip
import http.server
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.ports import free_port
from tests.waiting import wait_for

WHOLE = ("POST /webhooks/product", "process run.succeeded", "GET")
"""Names of the spans of one delivery: taken in, processed, and the product asked."""


class World:
    """A collector and a product in one server, which keeps what it is sent."""

    def __init__(self) -> None:
        self.exports: list[bytes] = []
        self.traceparents: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/v1/traces":
                    packed = self.headers.get("Content-Encoding") == "gzip"
                    outer.exports.append(gzip.decompress(body) if packed else body)
                self.tell()

            def do_GET(self) -> None:
                outer.traceparents.append(self.headers.get("traceparent", ""))
                self.tell()

            def tell(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "24")
                self.end_headers()
                self.wfile.write(b'{"status": "succeeded"}\n')

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def spans(self, *names: str) -> dict[str, Span]:
        """Return the spans of these names, by name, as soon as all were exported."""
        deadline = time.monotonic() + 20
        while True:
            parsed = [ExportTraceServiceRequest.FromString(body) for body in list(self.exports)]
            spans = {s.name: s for p in parsed for r in p.resource_spans for c in r.scope_spans for s in c.spans}
            if spans.keys() >= set(names) or time.monotonic() > deadline:
                return spans
            time.sleep(0.05)


@pytest.fixture
def world() -> Iterator[World]:
    """What the integration talks to."""
    world = World()
    yield world
    world.server.shutdown()
    world.server.server_close()


@pytest.fixture
def traced(world: World, settings: Any, tmp_path: Path, deliver_to: Any) -> Iterator[Any]:
    """An integration in a process of its own, which exports its spans."""
    port = free_port()
    env = {
        **os.environ,
        "PRODUCT_API_KEY": settings.api_key.current(),
        "PRODUCT_WEBHOOK_SECRET": settings.webhook_secret.current(),
        "PRODUCT_BASE_URL": world.url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": world.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    command = [sys.executable, "-m", "harness.sandbox", "integration", "--port", str(port)]
    command += ["--database", str(tmp_path / "x.db")]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, env=env, stdout=log, stderr=log) as process:
        deliveries = deliver_to(f"http://127.0.0.1:{port}")

        def listens() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return bool(deliveries.client.get("/healthz").is_success)
            return False

        wait_for(listens)
        yield deliveries
        process.terminate()
        process.wait(15)


def test_one_trace_goes_from_the_delivery_to_the_effect_and_the_product(
    traced: Any, world: World, settings: Any, run_event: Any, tmp_path: Path
) -> None:
    """Delivery, processing and outgoing call are spans of the trace that the sender began; logs name it; no secret."""
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    body = json.dumps(run_event("evt_1")).encode()
    headers = {"x-product-signature": traced.sign(body), "traceparent": f"00-{trace}-{parent}-01"}
    assert traced.client.post("/webhooks/product", content=body, headers=headers).status_code == 200
    assert traced.state("evt_1")["effects"] == 1
    spans = world.spans(*WHOLE)
    delivery, processing, call = (spans[name] for name in WHOLE)

    assert {s.trace_id.hex() for s in (delivery, processing, call)} == {trace}
    assert delivery.kind == Span.SPAN_KIND_SERVER
    assert delivery.parent_span_id.hex() == parent
    assert (processing.kind, processing.parent_span_id) == (Span.SPAN_KIND_CONSUMER, delivery.span_id)
    assert (call.kind, call.parent_span_id) == (Span.SPAN_KIND_CLIENT, processing.span_id)
    assert f"00-{trace}-{call.span_id.hex()}-01" in world.traceparents
    assert f'"trace_id": "{trace}"' in (tmp_path / "log").read_text()
    for secret in settings.secrets():
        assert not any(secret.encode() in export for export in world.exports)


def test_a_malformed_traceparent_begins_a_new_trace(traced: Any, world: World, run_event: Any) -> None:
    """What cannot be read is passed over, and nothing is refused for it."""
    body = json.dumps(run_event("evt_1")).encode()
    headers = {"x-product-signature": traced.sign(body), "traceparent": "00-zz-zz-01"}

    assert traced.client.post("/webhooks/product", content=body, headers=headers).status_code == 200
    assert traced.state("evt_1")["effects"] == 1
    assert world.spans(*WHOLE)[WHOLE[0]].parent_span_id == b""
