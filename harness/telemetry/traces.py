"""Traces: a delivery's trace continues in the integration and its worker, and in its calls to the provider.

The harness cannot distinguish spans that it did not receive from spans that were never made, so silence is an error,
not a failure.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple

from harness.errors import ProbeError
from harness.model import Check, Delivery, Finding, Level, Outcome
from harness.model.check import Judgement
from harness.telemetry.spans import Span, TraceView

ITEM = "observability.traces"
POLL_S = 0.05
EXPORT_S = 5.0
"""Default of OTEL_BSP_SCHEDULE_DELAY, how long an integration may hold its spans back (OpenTelemetry SDK)."""
TRIES = 3
_SEMANTICS = "OpenTelemetry semantic conventions"
_NO_PROBE = 'the time of processing is unknown; add to [receiver]: effects = { url = "http://…/{event_id}" }'


class Sent(NamedTuple):
    """A delivery and the trace it began."""

    trace_id: str
    delivery: Delivery


class Traced:
    """The receiver with what is needed to see the traces of its deliveries."""

    def __init__(
        self,
        deliver: Callable[[str], Delivery],
        seen: Callable[[str, str], TraceView],
        *,
        effects: Callable[[str], int] | None,
        endpoint: str,
        within_s: float,
        settle_s: float,
    ) -> None:
        """``deliver`` sends a fresh event with a ``traceparent``; ``seen`` is asked with a trace and an event's id.

        ``effects`` returns how many an event had. ``within_s`` bounds the wait for spans and ``settle_s`` that for an
        effect, in seconds; ``endpoint`` is where spans must be exported to.
        """
        self._deliver = deliver
        self._seen = seen
        self.effects = effects
        self.endpoint = endpoint
        self._within_s = within_s
        self._settle_s = settle_s

    def send(self, traceparent: str) -> Sent:
        """Deliver a fresh event in a new trace; ``{trace}`` and ``{parent}`` are replaced by its ids."""
        trace_id = os.urandom(16).hex()
        return Sent(trace_id, self._deliver(traceparent.format(trace=trace_id, parent=os.urandom(8).hex())))

    def wait(self, sent: Sent, holds: Callable[[TraceView], bool]) -> TraceView:
        """Return what was seen of a trace as soon as it ``holds``, or at the deadline."""
        deadline = time.monotonic() + self._within_s
        while True:
            seen = self._seen(sent.trace_id, sent.delivery.event_id)
            if holds(seen) or time.monotonic() >= deadline:
                return seen
            time.sleep(POLL_S)

    def processed(self, sent: Sent) -> bool:
        """Whether the event has its effect, in time; raises `ProbeError`."""
        assert self.effects is not None
        deadline = time.monotonic() + self._settle_s
        while not (found := self.effects(sent.delivery.event_id)) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return bool(found)

    def silent(self, seen: TraceView) -> str:
        """Return why nothing could be checked; empty when spans arrived in this run."""
        if seen.received:
            return ""
        why = f" Refused: {'; '.join(seen.troubles)}." if seen.troubles else ""
        return (
            f"no span arrived in this run.{why} Export them: OTEL_EXPORTER_OTLP_ENDPOINT={self.endpoint}, "
            "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and OTEL_BSP_SCHEDULE_DELAY=200 in the integration's environment"
        )


def joins(traced: Traced, sent: Sent) -> Judgement:
    """A span of kind SERVER is in the delivery's trace."""
    seen = traced.wait(sent, lambda s: _server(s, sent) is not None)
    if server := _server(seen, sent):
        return Outcome.PASS, server.shown
    if silent := traced.silent(seen):
        return Outcome.ERROR, silent
    others = [span.shown for span in seen.spans if span.trace_id == sent.trace_id]
    within = f"in the trace: {', '.join(others)}" if others else "no span in the trace"
    return Outcome.FAIL, f"{within}; {seen.received} spans arrived in this run"


def goes_on(traced: Traced, sent: Sent) -> Judgement:
    """The processing is in the trace or links to it; processing before the answer is within the server span."""
    seen = traced.wait(sent, lambda s: _processing(s, sent) is not None)
    if found := _processing(seen, sent):
        return Outcome.PASS, found.shown
    if silent := traced.silent(seen):
        return Outcome.ERROR, silent
    # Whoever asks the integration about the event, as probes do, begins with a server span: that is no processing.
    others = (s for s in seen.spans if s.trace_id != sent.trace_id and sent.trace_id not in s.links)
    strange = [s for s in others if s.kind != "SERVER"]
    if strange:
        return Outcome.FAIL, f"{strange[0].shown} names the event, in another trace and without a link"
    if traced.effects is None:
        return Outcome.NOT_RUN, _NO_PROBE
    try:
        return _in_the_background(traced, sent, inside=_server(seen, sent) is not None)
    except ProbeError as exc:
        return Outcome.ERROR, str(exc)


def _in_the_background(traced: Traced, sent: Sent, *, inside: bool) -> Judgement:
    """Judge a delivery whose processing left no span, by whether it comes after the answer; raises `ProbeError`."""
    assert traced.effects is not None
    if not traced.processed(sent):
        return Outcome.ERROR, "the event had no effect, so its processing could not be observed"
    if not inside:
        return Outcome.FAIL, "the event was processed, and no span of it is in the trace"
    for _ in range(TRIES):
        again = traced.send(JOINED)
        if again.delivery.acknowledged and not traced.effects(again.delivery.event_id) and traced.processed(again):
            return Outcome.FAIL, "events are processed after the answer, and no span of that is in the trace"
    return Outcome.PASS, "events are processed before the answer, within the server span"


def _server(seen: TraceView, sent: Sent) -> Span | None:
    return next((s for s in seen.spans if s.trace_id == sent.trace_id and s.kind == "SERVER"), None)


def _processing(seen: TraceView, sent: Sent) -> Span | None:
    """Return a span of what comes after the answer: a consumer's, one that outlasts the server span, or a link."""
    # A gateway has a server span around the receiver's own: the last of them to end is the end of the answer.
    answered = max((s.ended_ns for s in seen.spans if s.trace_id == sent.trace_id and s.kind == "SERVER"), default=None)
    for span in seen.spans:
        inside = span.trace_id == sent.trace_id
        later = answered is not None and span.kind != "SERVER" and span.ended_ns > answered
        if (inside and (span.kind == "CONSUMER" or later)) or (not inside and sent.trace_id in span.links):
            return span
    return None


class TraceCheck(Check, frozen=True, kw_only=True):
    """One row about traces."""

    item: str = ITEM


class DeliveryCase(TraceCheck, frozen=True, kw_only=True):
    """One ``traceparent`` that a delivery carries, and what must become of it."""

    traceparent: str
    look: Callable[[Traced, Sent], Judgement] | None
    """Judges the spans; None where it is enough that the delivery is acknowledged."""


JOINED = "00-{trace}-{parent}-01"

DELIVERIES: tuple[DeliveryCase, ...] = (
    DeliveryCase(
        id="delivery-joins",
        summary="a delivery with a traceparent",
        passed="Continued the trace of a delivery in a server span",
        failed="Did not continue the trace of a delivery in a server span",
        traceparent=JOINED,
        look=joins,
        expected="a span of kind SERVER in the trace that it names",
        source=f"W3C Trace Context section 3.2; {_SEMANTICS}, HTTP server spans",
        fix="Extract the trace context from each request, and make the receiver's span a child of it.",
    ),
    DeliveryCase(
        id="processing-joins",
        summary="the processing of an event",
        passed="Continued the trace of a delivery while processing its event",
        failed="Did not continue the trace of a delivery while processing its event",
        traceparent=JOINED,
        look=goes_on,
        expected="a span in the delivery's trace, or one that links to it, where it comes after the answer",
        source=f"{_SEMANTICS}, Messaging spans (process spans and their links)",
        fix="Store the traceparent with the event, and make the span of its processing a child of it, or link to it.",
    ),
    DeliveryCase(
        id="later-version",
        summary="a traceparent of a later version, with a field more",
        passed="Continued the trace of a traceparent of a later version",
        failed="Did not continue the trace of a traceparent of a later version",
        traceparent="cc-{trace}-{parent}-01-more",
        look=joins,
        expected="read as version 00: a span of kind SERVER in the trace that it names",
        source="W3C Trace Context section 3.2.4",
        fix="Read a traceparent of a later version by its first four fields, and pass over what follows.",
        level=Level.SHOULD,
    ),
    DeliveryCase(
        id="malformed",
        summary="a traceparent whose ids are all zeros",
        passed="Acknowledged a delivery with a malformed traceparent",
        failed="Did not acknowledge a delivery with a malformed traceparent",
        traceparent=f"00-{'0' * 32}-{'0' * 16}-01",
        look=None,
        expected="the header is ignored, and the delivery acknowledged",
        source="W3C Trace Context sections 3.2.2.3 and 3.2.2.4",
        fix="Ignore a traceparent that cannot be read, and take the delivery.",
    ),
)


def judge_delivery(case: DeliveryCase, traced: Traced, *, reproduce: str) -> Finding:
    """Deliver as the row describes, and check whether the trace continues."""
    sent = traced.send(case.traceparent)
    if not sent.delivery.acknowledged:
        # A delivery without the header was acknowledged just before, or the row would not be judged.
        judgement = (Outcome.FAIL if case.look is None else Outcome.ERROR), sent.delivery.seen
    elif case.look is None:
        judgement = Outcome.PASS, sent.delivery.seen
    else:
        judgement = case.look(traced, sent)
    outcome, observed = judgement
    return case.finding(outcome, observed, reproduce=reproduce)
