"""Traces: from the delivery over the inbox to the effect and its calls, exported over OTLP on request.

Without ``OTEL_EXPORTER_OTLP_ENDPOINT`` nothing is exported and no span is made, but a ``traceparent`` is passed on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

FLUSH_MS = 2000
_EXPORT_TIMEOUT_S = 2

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("harness.sandbox.integration")


def configure(service: str) -> Callable[[], None]:
    """Export spans of ``service`` when the environment names a collector; call what is returned at the end."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return lambda: None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_EXPORT_TIMEOUT_S)))
    trace.set_tracer_provider(provider)

    def flush() -> None:
        provider.force_flush(FLUSH_MS)
        provider.shutdown()

    return flush


@contextlib.contextmanager
def delivery(path: str, headers: Mapping[str, str]) -> Iterator[Span]:
    """Span of one delivery received, in the trace that its ``traceparent`` names (W3C Trace Context)."""
    attributes = {"http.request.method": "POST", "http.route": path, "url.path": path}
    with _span(f"POST {path}", SpanKind.SERVER, _propagator.extract(headers), attributes) as span:
        yield span


@contextlib.contextmanager
def processing(event_type: str, event_id: str, traceparent: str) -> Iterator[Span]:
    """Span of the processing of one event, in the trace of its delivery."""
    parent = _propagator.extract({"traceparent": traceparent})
    attributes = {"messaging.operation.type": "process", "messaging.message.id": event_id}
    with _span(f"process {event_type}", SpanKind.CONSUMER, parent, attributes) as span:
        yield span


@contextlib.contextmanager
def workflow(name: str) -> Iterator[Span]:
    """Span of one run of the workflow, with all its calls."""
    with _span("workflow", SpanKind.INTERNAL, None, {"workflow.name": name}) as span:
        yield span


@contextlib.contextmanager
def attempt(method: str, path: str, number: int) -> Iterator[Span]:
    """Span of one attempt of a call to the product; ``number`` is 1 for the first."""
    attributes: dict[str, str | int] = {"http.request.method": method, "url.path": path}
    if number > 1:
        attributes["http.request.resend_count"] = number - 1
    with _span(method, SpanKind.CLIENT, None, attributes) as span:
        yield span


def answered(span: Span, status: int, *, failed_from: int) -> None:
    """Set the answer's status on a span; from ``failed_from`` on it is an error (OpenTelemetry HTTP semantics)."""
    span.set_attribute("http.response.status_code", status)
    if status >= failed_from:
        span.set_status(StatusCode.ERROR)


def failed(error_type: str) -> None:
    """Mark the current span as failed by an error that was handled."""
    span = trace.get_current_span()
    span.set_attribute("error.type", error_type)
    span.set_status(StatusCode.ERROR)


def passed_on() -> dict[str, str]:
    """Return the headers that carry the current trace on, none outside of a trace."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier


@contextlib.contextmanager
def _span(name: str, kind: SpanKind, parent: Context | None, attributes: Mapping[str, str | int]) -> Iterator[Span]:
    # An exception's text may quote a secret, so only its type is recorded.
    with _tracer.start_as_current_span(
        name, parent, kind, dict(attributes), record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as exc:
            failed(type(exc).__name__)
            raise
