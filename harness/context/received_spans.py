"""Asks the controller of the run, which listens for spans, what it has received; whatever process asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import httpx
import msgspec

from harness.errors import ProbeError
from harness.telemetry.spans import ObservedSpan, SpanRange, TraceView

if TYPE_CHECKING:
    from harness.context.run_context import RunContext

T = TypeVar("T", SpanRange, TraceView)


def trace_seen(run_context: RunContext, trace_id: str, text: str) -> TraceView:
    """Return the spans of a trace, and those with ``text`` in an attribute; raises `ProbeError`."""
    return _asked(run_context, TraceView, {"trace_id": trace_id, "text": text})


def spans_started(run_context: RunContext, since_ns: int, until_ns: int) -> tuple[ObservedSpan, ...]:
    """Return all spans that started between two times, in nanoseconds of Unix time; raises `ProbeError`."""
    found: list[ObservedSpan] = []
    while True:
        answer = _asked(run_context, SpanRange, {"since_ns": since_ns, "until_ns": until_ns})
        # The next answer begins with the spans that started at the same moment as the last one here.
        known = sum(observed.span.started_ns == since_ns for observed in found)
        fresh = answer.spans[known:]
        found += fresh
        if not answer.more:
            return tuple(found)
        since_ns = fresh[-1].span.started_ns if fresh else since_ns + 1


def _asked(run_context: RunContext, kind: type[T], params: dict[str, str | int]) -> T:
    try:
        answer = run_context.client.get(f"http://{run_context.otlp}/_spans", params=params)
        return msgspec.json.decode(answer.raise_for_status().content, type=kind)
    except (httpx.HTTPError, msgspec.DecodeError, RecursionError) as exc:
        raise ProbeError(
            f"harness.toml: [telemetry] otlp: the harness does not answer on {run_context.otlp} "
            f"({type(exc).__name__}). It listens there while a gate runs: check that nothing else uses this port."
        ) from None
