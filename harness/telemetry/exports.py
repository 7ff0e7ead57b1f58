"""Exports of spans as they travel: their compression, their two encodings, and what makes one unreadable."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from harness.core.extras import require
from harness.http.codings import CodingError, CodingFault, decoded
from harness.telemetry.export_size import MAX_PARTS, has_too_many_messages, has_too_many_objects
from harness.telemetry.spans import Span, SpanTexts, read

MAX_BODY = 8 * 1024 * 1024
"""Of one export, unpacked."""

Parse = Callable[[bytes], Mapping[str, Any]]


class UnreadableError(Exception):
    """An export that cannot be read: a status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def protobuf() -> Parse:
    """Return what reads an ``ExportTraceServiceRequest`` as OTLP's JSON form, but for its ids in Base64.

    Raises `ConfigurationError` where opentelemetry-proto is missing.
    """
    require("harness.toml: [telemetry] otlp", "opentelemetry.proto", "google.protobuf")
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]  # ships no types
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    def parse(body: bytes) -> Mapping[str, Any]:
        if has_too_many_messages(body, ExportTraceServiceRequest.DESCRIPTOR):
            raise _too_many()
        message = ExportTraceServiceRequest.FromString(body)
        found: Mapping[str, Any] = MessageToDict(message, use_integers_for_enums=True)
        return found

    return parse


def spans_of(body: bytes, *, parse: Parse | None) -> list[tuple[Span | None, SpanTexts]]:
    """Read one export of spans, with ``parse`` protobuf, without it JSON; raises `UnreadableError`."""
    if parse is None and has_too_many_objects(body):
        raise _too_many()
    try:
        if parse is None:
            return list(read(json.loads(body), str.lower))
        return list(read(parse(body), lambda text: base64.b64decode(text).hex()))
    except UnreadableError:
        raise
    except Exception as exc:  # noqa: BLE001 - protobuf's DecodeError can be named only where the package is there
        raise UnreadableError(400, f"no export of spans: {type(exc).__name__}") from None


def _too_many() -> UnreadableError:
    return UnreadableError(
        413, f"more than {MAX_PARTS} spans, attributes and values at once; set OTEL_BSP_MAX_EXPORT_BATCH_SIZE=512"
    )


def unpacked(encoding: str, body: bytes) -> bytes:
    """Return a body without its content codings; raises `UnreadableError`."""
    try:
        return decoded(body, encoding, limit=MAX_BODY, strict=True)[0]
    except CodingError as exc:
        status, why = {
            CodingFault.UNKNOWN: (415, f"compressed with {exc.coding!r}; set OTEL_EXPORTER_OTLP_COMPRESSION=gzip"),
            CodingFault.DAMAGED: (400, f"no {exc.coding}"),
            CodingFault.CUT: (400, f"{exc.coding} without its end"),
            CodingFault.TOO_LARGE: (413, f"more than {MAX_BODY} bytes, unpacked"),
            CodingFault.WINDOW: (413, str(exc).rstrip(".")),
        }[exc.fault]
        raise UnreadableError(status, why) from None
