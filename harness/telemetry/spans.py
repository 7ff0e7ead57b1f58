"""Spans from OTLP: what checks read, and the texts that must not contain secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.secrets.scan import Leak, Leaks, Scanner

KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
"""In the order of their numbers (opentelemetry-proto, trace.proto, enum SpanKind)."""
STATUSES = ("UNSET", "OK", "ERROR")
"""In the order of their numbers (trace.proto, message Status)."""
FILES = "spans*.jsonl"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span, without its attributes and other texts."""

    trace_id: str
    """Hexadecimal, as in a ``traceparent``."""
    span_id: str
    parent_id: str
    """Empty for the first span of a trace."""
    name: str
    kind: str
    """One of `KINDS`."""
    service: str
    """The resource's ``service.name``."""
    started_ns: int
    """Unix time in nanoseconds, by the integration's clock."""
    ended_ns: int
    links: tuple[str, ...]
    """Ids of the traces it links to."""
    status: str = "UNSET"
    """One of `STATUSES`."""

    @property
    def shown(self) -> str:
        """The span in a few words."""
        return f"{self.kind} {self.name!r}" + (f" of {self.service}" if self.service else "")


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """What the harness received that concerns one trace."""

    received: int
    """Spans of any trace, in the whole run."""
    troubles: tuple[str, ...]
    """Why exports were refused."""
    spans: tuple[Span, ...]
    """Those of the trace, those that link to it, and those that name what was asked for."""


class ObservedSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One span with its texts, which are cut after some thousand characters."""

    span: Span
    texts: dict[str, str]
    """By place: attributes by their names, ``status``, and ``event 1 exception exception.type``."""


class SpanRange(msgspec.Struct, frozen=True, kw_only=True):
    """The spans that started within a range of time."""

    received: int
    """Spans of any time, in the whole run."""
    troubles: tuple[str, ...]
    """Why exports were refused."""
    spans: tuple[ObservedSpan, ...]
    more: int = 0
    """How many further spans of that time are stored, which are left out here."""


class SpanTexts(msgspec.Struct, frozen=True, kw_only=True):
    """Every text of one span, resource or other export, as one line of the file that is searched for secrets."""

    service: str
    name: str
    texts: dict[str, str]
    unsearched: bool = False
    """Whether this replaces an export that was not stored, whose content is unknown."""


def read(document: Mapping[str, Any], id_of: Callable[[str], str]) -> Iterator[tuple[Span | None, SpanTexts]]:
    """Yield the spans of an ``ExportTraceServiceRequest`` in OTLP's JSON form; a resource yields None with its texts.

    ``id_of`` turns an id of that form into hexadecimal. Raises ValueError, TypeError or AttributeError for anything
    else.
    """
    for resource_spans in document.get("resourceSpans", ()):
        attributes = _attributes(resource_spans.get("resource", {}))
        service = attributes.get("service.name", "")
        yield None, SpanTexts(service=service, name="resource", texts=attributes)
        for scope_spans in resource_spans.get("scopeSpans", ()):
            for span in scope_spans.get("spans", ()):
                yield (
                    _span(span, service, id_of),
                    SpanTexts(service=service, name=span.get("name", ""), texts=_texts(span)),
                )


def _span(span: Mapping[str, Any], service: str, id_of: Callable[[str], str]) -> Span:
    return Span(
        trace_id=id_of(span.get("traceId", "")),
        span_id=id_of(span.get("spanId", "")),
        parent_id=id_of(span.get("parentSpanId", "")),
        name=str(span.get("name", "")),
        kind=_enumerated(span.get("kind", 0), KINDS, "SPAN_KIND_"),
        service=service,
        started_ns=int(span.get("startTimeUnixNano", 0)),
        ended_ns=int(span.get("endTimeUnixNano", 0)),
        links=tuple(id_of(link.get("traceId", "")) for link in span.get("links", ())),
        status=_enumerated(span.get("status", {}).get("code", 0), STATUSES, "STATUS_CODE_"),
    )


def _enumerated(value: object, names: tuple[str, ...], prefix: str) -> str:
    """Return the name of an enum's value, which JSON may also write by name."""
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return str(value).removeprefix(prefix)


def _texts(span: Mapping[str, Any]) -> dict[str, str]:
    """Return every text of a span by its place; numbers contain no secret that could be searched for."""
    texts = {"name": str(span.get("name", "")), **_attributes(span)}
    for number, event in enumerate(span.get("events", ()), 1):
        texts[f"event {number}"] = str(event.get("name", ""))
        texts |= {f"event {number} {event.get('name', '')} {key}": value for key, value in _attributes(event).items()}
    for number, link in enumerate(span.get("links", ()), 1):
        texts |= {f"link {number} {key}": value for key, value in _attributes(link).items()}
    texts["status"] = str(span.get("status", {}).get("message", ""))
    texts["tracestate"] = str(span.get("traceState", ""))
    return {key: value for key, value in texts.items() if value}


def _attributes(holder: Mapping[str, Any]) -> dict[str, str]:
    return {str(a.get("key", "")): _text(a.get("value", {})) for a in holder.get("attributes", ())}


def _text(value: Mapping[str, Any]) -> str:
    """Return an AnyValue as text; of bytes their Base64, which the search for secrets reads too."""
    if "arrayValue" in value:
        return " ".join(_text(v) for v in value["arrayValue"].get("values", ()))
    if "kvlistValue" in value:
        return " ".join(
            f"{v.get('key', '')}={_text(v.get('value', {}))}" for v in value["kvlistValue"].get("values", ())
        )
    return " ".join(str(v) for v in value.values())


def leaks_in(path: Path, scanner: Scanner) -> Leaks:
    """Return every known secret in a file of `SpanTexts` lines, each placed at its span and attribute."""
    found = scanner.scan_file(path, path.name)
    lines = path.read_bytes().splitlines() if found else []
    places = (_place(lines[leak.line - 1], leak, scanner) for leak in found)
    placed = [msgspec.structs.replace(leak, place=place, line=0) for leak, place in zip(found, places, strict=True)]
    return Leaks(placed, found.unread)


def place_of_texts(line: bytes) -> str:
    """Return which span a line of such a file is about."""
    try:
        told = msgspec.json.decode(line, type=SpanTexts)
    except (msgspec.DecodeError, RecursionError):
        return "an export of spans"
    return f"a span of {told.service or 'the integration'}, {told.name!r}"


def _place(line: bytes, leak: Leak, scanner: Scanner) -> str:
    told = msgspec.json.decode(line, type=SpanTexts)
    keys = (
        key for key, text in told.texts.items() if any(_same(leak, x) for x in scanner.scan_bytes(text.encode(), ""))
    )
    return f"{place_of_texts(line)}, {next(keys, 'its texts')}"


def _same(one: Leak, other: Leak) -> bool:
    return (one.secret, one.form) == (other.secret, other.form)


def unsearched_in(path: Path) -> list[str]:
    """Return why exports were not stored, and so cannot be searched."""
    with path.open("rb") as file:
        told = (msgspec.json.decode(line, type=SpanTexts) for line in file if b'"unsearched":true' in line)
        return [one.name for one in told]
