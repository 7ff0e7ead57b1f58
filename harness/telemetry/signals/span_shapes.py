"""Spans of one window that good traffic did not have: by name, status and attributes, or by how long they last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from harness.telemetry.signals.masking import MASK, Field, flattened, masked
from harness.telemetry.signals.moved_series import stands_out
from harness.telemetry.spans import ObservedSpan

_NOT_DISTINGUISHING = re.compile(
    r"(?:network|net|client|server|thread|code|telemetry|process|host|service|user_agent|messaging\.message)\..*"
    r"|(?:db|url)\.(?!.*code).*|http\.(?:url|target|host|client_ip|request\.header\..*|request\.body\..*|response\.body\..*)"
    r"|.*exception\.(?:stacktrace|message)|link \d+ .*|name|tracestate|status"
)
"""Places of a span's texts that name its peer, its sender or its content, and not its fate."""
_EVENT_NUMBER = re.compile(r"(?<=^event )\d+(?= |$)")

Shape = tuple[str, str, str, str, str]
"""Service, kind, name, status and attributes."""


class KnownSpans(NamedTuple):
    """The spans of good traffic."""

    shapes: frozenset[Shape]
    places: frozenset[tuple[str, ...]]
    """Service, kind, name, and one place with its template."""
    longest_s: Mapping[tuple[str, ...], float]
    """The longest of each service, kind and name."""


def known_spans(spans: Iterable[ObservedSpan]) -> KnownSpans:
    """Return what can be compared of the spans of good traffic."""
    shapes: set[Shape] = set()
    places: set[tuple[str, ...]] = set()
    longest: dict[tuple[str, ...], float] = {}
    for observed in spans:
        shape = _shape(observed)
        shapes.add(shape)
        places.update((*shape[:3], f.name, f.template) for f in _fields(observed))
        longest[shape[:3]] = max(longest.get(shape[:3], 0.0), _seconds(observed))
    return KnownSpans(shapes=frozenset(shapes), places=frozenset(places), longest_s=longest)


def novel_spans(spans: Iterable[ObservedSpan], known: KnownSpans) -> list[str]:
    """Return one span of each shape that is not ``known``, and those that last far longer; errors first."""
    seen: set[Shape] = set()
    found: dict[str, bool] = {}
    for observed in spans:
        shape = _shape(observed)
        if shape in seen:
            continue
        if shape not in known.shapes:
            seen.add(shape)
            found[_described(observed, shape, known)] = observed.span.status != "ERROR"
        elif stands_out(_seconds(observed), known.longest_s[shape[:3]]):
            seen.add(shape)
            found[f"{observed.span.shown} lasted {_seconds(observed):.1f} s"] = True
    return sorted(found, key=lambda text: found[text])


def _fields(observed: ObservedSpan) -> list[Field]:
    """Return the texts that distinguish, without the numbers of events."""
    texts = {_EVENT_NUMBER.sub("", place).strip(): text for place, text in observed.texts.items()}
    return flattened({place: text for place, text in texts.items() if not _NOT_DISTINGUISHING.fullmatch(place)})


def _shape(observed: ObservedSpan) -> Shape:
    span = observed.span
    attributes = " ".join(f"{field.name}={field.template}" for field in _fields(observed))
    return span.service, span.kind, masked(span.name), span.status, attributes


def _seconds(observed: ObservedSpan) -> float:
    return max(0, observed.span.ended_ns - observed.span.started_ns) / 1e9


def _described(observed: ObservedSpan, shape: Shape, known: KnownSpans) -> str:
    """Return a span with its status, and what its like do not have in good traffic."""
    new = [f for f in _fields(observed) if (*shape[:3], f.name, f.template) not in known.places]
    parts = [f"{f.name.split(' ')[-1]}={f.value}" for f in new if f.template != MASK or f.name.startswith("http.")]
    if message := observed.texts.get("status"):
        parts.append(f"status={message}")
    status = "" if observed.span.status == "UNSET" else f" {observed.span.status}"
    return f"{observed.span.shown}{status} {' '.join(parts)}".strip()
