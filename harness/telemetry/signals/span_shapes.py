"""Spans of one window that good traffic did not have: by name, status and attributes, or by how long they last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from harness.telemetry.signals.masking import masked, masked_fields
from harness.telemetry.signals.moved_series import stands_out
from harness.telemetry.spans import ObservedSpan

_NOT_DISTINGUISHING = re.compile(
    r"(?:network|net|client|server|thread|code|telemetry|process|host|service|user_agent|messaging\.message)\..*"
    r"|(?:db|url)\.(?!.*code).*|http\.(?:url|target|host|client_ip|request\.header\..*|request\.body\..*|response\.body\..*)"
    r"|.*exception\.(?:stacktrace|message)|link \d+ .*|name|tracestate|status"
)
"""Places of a span's texts that name its peer, its sender or its content, and not its fate."""
_EVENT_NUMBER = re.compile(r"(?<=^event )\d+(?= |$)")
_SIGNS = ("http.response.status_code", "http.status_code", "error.type", "exception.type", "status")

Shape = tuple[str, str, str, str, str]
"""Service, kind, name, status and attributes."""


class KnownSpans(NamedTuple):
    """The spans of good traffic."""

    shapes: frozenset[Shape]
    longest_s: Mapping[tuple[str, ...], float]
    """The longest of each service, kind and name."""


def known_spans(spans: Iterable[ObservedSpan]) -> KnownSpans:
    """Return what can be compared of the spans of good traffic."""
    shapes: set[Shape] = set()
    longest: dict[tuple[str, ...], float] = {}
    for observed in spans:
        shape = _shape(observed)
        shapes.add(shape)
        longest[shape[:3]] = max(longest.get(shape[:3], 0.0), _seconds(observed))
    return KnownSpans(shapes=frozenset(shapes), longest_s=longest)


def novel_spans(spans: Iterable[ObservedSpan], known: KnownSpans) -> list[str]:
    """Return one span of each shape that is not ``known``, and those that last far longer; errors first."""
    seen: set[Shape] = set()
    found: list[tuple[bool, str]] = []
    for observed in spans:
        shape = _shape(observed)
        if shape in seen:
            continue
        if shape not in known.shapes:
            seen.add(shape)
            found.append((observed.span.status != "ERROR", _described(observed)))
        elif stands_out(_seconds(observed), known.longest_s[shape[:3]]):
            seen.add(shape)
            found.append((True, f"{observed.span.shown} lasted {_seconds(observed):.1f} s"))
    return [text for _, text in sorted(found, key=lambda pair: pair[0])]


def _shape(observed: ObservedSpan) -> Shape:
    span = observed.span
    texts = {
        _EVENT_NUMBER.sub("", place): text
        for place, text in observed.texts.items()
        if not _NOT_DISTINGUISHING.fullmatch(place)
    }
    return span.service, span.kind, masked(span.name), span.status, masked_fields(texts)


def _seconds(observed: ObservedSpan) -> float:
    return max(0, observed.span.ended_ns - observed.span.started_ns) / 1e9


def _described(observed: ObservedSpan) -> str:
    """Return a span with its status, and the texts that show its result."""
    signs = [f"{place.split(' ')[-1]}={text}" for place, text in observed.texts.items() if place.endswith(_SIGNS)]
    status = "" if observed.span.status == "UNSET" else f" {observed.span.status}"
    return f"{observed.span.shown}{status} {' '.join(signs)}".strip()
