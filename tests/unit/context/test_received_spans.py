"""What is asked of the listener for spans, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import httpx
import msgspec
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.context.received_spans import spans_started
from harness.errors import ProbeError
from harness.telemetry import otlp
from harness.telemetry.otlp import SpanStore
from harness.telemetry.spans import Span, SpanTexts

if TYPE_CHECKING:
    from harness.context.run_context import RunContext


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as http:
        yield http


def asking(client: httpx.Client, address: str) -> RunContext:
    return cast("RunContext", SimpleNamespace(client=client, otlp=address))


def span(name: str, started_ns: int) -> Span:
    return Span(
        trace_id="t", span_id=name, parent_id="", name=name, kind="SERVER", service="app", started_ns=started_ns,
        ended_ns=started_ns, links=(), status="OK",
    )  # fmt: skip


def test_every_span_is_read_though_one_answer_holds_few(
    monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer, client: httpx.Client
) -> None:
    """Spans that started at one moment are neither lost nor read twice where an answer ends between them."""
    monkeypatch.setattr(otlp, "_READ_AT_ONCE", 3)
    moments = [1, 2, 2, 2, 3, 3, 4]
    store = SpanStore(BytesIO())
    for number, moment in enumerate(moments):
        store.add(span(f"s{number}", moment), SpanTexts(service="app", name="", texts={}))

    def answer(request: Request) -> Response:
        times = int(request.args["since_ns"]), int(request.args["until_ns"])
        return Response(msgspec.json.encode(store.started_within(*times)))

    httpserver.expect_request("/_spans").respond_with_handler(answer)
    found = spans_started(asking(client, f"{httpserver.host}:{httpserver.port}"), 0, 10)

    assert [one.span.name for one in found] == [f"s{number}" for number in range(len(moments))]


def test_another_server_on_the_port_is_named(httpserver: HTTPServer, client: httpx.Client) -> None:
    """An answer of something else ends an exercise with the key and the remedy, and not with a traceback."""
    httpserver.expect_request("/_spans").respond_with_data("no", status=404)
    with pytest.raises(ProbeError, match=r"\[telemetry\] otlp: the harness does not answer on .* nothing else uses"):
        spans_started(asking(client, f"{httpserver.host}:{httpserver.port}"), 0, 10)
