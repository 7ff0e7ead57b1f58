"""Traces: what a row makes of the spans that arrived, and of those that did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from harness.errors import ProbeError
from harness.model import Attempt, Delivery, Finding, Level, Outcome
from harness.telemetry.calls import judge_calls
from harness.telemetry.spans import Span, TraceView
from harness.telemetry.traces import DELIVERIES, Traced, judge_delivery

JOINS, PROCESSING, LATER, MALFORMED = DELIVERIES
OTHER = "f" * 32


def span(kind: str, *, trace: str = "", ended: int = 10, links: tuple[str, ...] = ()) -> Span:
    return Span(
        trace_id=trace,
        span_id="1" * 16,
        parent_id="",
        name="it",
        kind=kind,
        service="shop",
        started_ns=1,
        ended_ns=ended,
        links=links,
    )


SERVER, CONSUMER, INSIDE, AFTER = (
    span("SERVER"),
    span("CONSUMER"),
    span("INTERNAL", ended=9),
    span("INTERNAL", ended=11),
)


class World:
    """A receiver whose spans are given; those without a trace are in that of the delivery."""

    def __init__(
        self, *spans: Span, effects: Iterator[int] | None = None, status: int = 200, received: int = 1
    ) -> None:
        self.spans = spans
        self.status = status
        self.received = received
        self.effects = effects
        self.sent: list[str] = []
        self.troubles: tuple[str, ...] = ()

    def deliver(self, traceparent: str) -> Delivery:
        self.sent.append(traceparent)
        name = f"evt_{len(self.sent)}"
        return Delivery(event="e", event_id=name, url="http://x", status=self.status, seconds=0.0)

    def seen(self, trace_id: str, _text: str) -> TraceView:
        joined = [
            s.__class__(
                **{
                    **{f: getattr(s, f) for f in s.__struct_fields__},
                    "trace_id": s.trace_id or trace_id,
                    "links": tuple(link or trace_id for link in s.links),
                }
            )
            for s in self.spans
        ]
        return TraceView(received=self.received, troubles=self.troubles, spans=tuple(joined))

    def judge(self, case: object) -> Finding:
        effects = self.effects
        traced = Traced(
            self.deliver,
            self.seen,
            effects=(lambda _id: next(effects)) if effects else None,
            endpoint="http://127.0.0.1:4318",
            within_s=0.0,
            settle_s=0.2,
        )
        return judge_delivery(case, traced, reproduce="")  # type: ignore[arg-type]  # a row of the table


def always(number: int) -> Iterator[int]:
    return (number for _ in count())


def test_a_server_span_in_the_trace_is_what_is_asked_for() -> None:
    """The traceparent that is sent is one of version 00, sampled, with fresh ids."""
    world = World(SERVER)

    assert world.judge(JOINS).outcome is Outcome.PASS
    version, trace, parent, flags = world.sent[0].split("-")
    assert (version, len(trace), len(parent), flags) == ("00", 32, 16, "01")


@pytest.mark.parametrize(
    "spans, seen",
    [((), "no span in the trace; 1 spans arrived in this run"), ((AFTER,), "in the trace: INTERNAL 'it' of shop")],
)
def test_without_a_server_span_a_delivery_is_not_traced(spans: tuple[Span, ...], seen: str) -> None:
    """Spans of other traces show that the export works, so the trace is lost and not merely unseen."""
    finding = World(*spans).judge(JOINS)

    assert finding.outcome is Outcome.FAIL
    assert seen in finding.observed


@pytest.mark.parametrize("case", [JOINS, PROCESSING, LATER], ids=lambda c: c.id)
def test_silence_is_an_error_with_the_lines_to_add(case: object) -> None:
    """Where no span ever arrived nothing is known; what was refused is told."""
    world = World(received=0)
    world.troubles = ("not an HTTP/1 request",)
    finding = world.judge(case)

    assert finding.outcome is Outcome.ERROR
    assert "Refused: not an HTTP/1 request." in finding.observed
    assert (
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318, OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
        in finding.observed
    )


@pytest.mark.parametrize(
    "spans",
    [(SERVER, CONSUMER), (SERVER, AFTER), (CONSUMER,), (SERVER, span("CONSUMER", trace=OTHER, links=("",)))],
    ids=["consumer", "outlasts the server span", "exported first", "linked"],
)
def test_the_processing_is_in_the_trace_or_links_to_it(spans: tuple[Span, ...]) -> None:
    """A consumer's span, one that ends after the server span, and a link all tell of it; no probe is needed."""
    assert World(*spans).judge(PROCESSING).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "spans, effects, outcome, seen",
    [
        ((SERVER, span("CONSUMER", trace=OTHER)), None, Outcome.FAIL, "names the event, in another trace"),
        ((SERVER, INSIDE), None, Outcome.NOT_RUN, "add to [receiver]: effects ="),
        ((SERVER, INSIDE), always(1), Outcome.PASS, "before the answer, within the server span"),
        ((SERVER, span("SERVER", ended=20)), None, Outcome.NOT_RUN, "add to [receiver]: effects ="),
        ((SERVER, span("SERVER", trace=OTHER)), None, Outcome.NOT_RUN, "add to [receiver]: effects ="),
        ((SERVER,), iter([1, 0, 1]), Outcome.FAIL, "processed after the answer, and no span"),
        ((SERVER,), iter([1, 1, 1, 0, 1]), Outcome.FAIL, "processed after the answer, and no span"),
        ((), always(1), Outcome.FAIL, "processed, and no span of it is in the trace"),
        ((SERVER,), always(0), Outcome.ERROR, "had no effect"),
    ],
)
def test_processing_without_a_span_is_judged_by_when_it_happens(
    spans: tuple[Span, ...], effects: Iterator[int] | None, outcome: Outcome, seen: str
) -> None:
    """Who processes before the answer needs no more than the server span; who does so later needs a span of it."""
    finding = World(*spans, effects=effects).judge(PROCESSING)

    assert (finding.outcome, seen in finding.observed) == (outcome, True), finding.observed


def test_a_probe_that_does_not_answer_is_an_error() -> None:
    """What the probe says of itself is the observation."""

    def broken() -> Iterator[int]:
        raise ProbeError("[receiver] effects: gone")
        yield 0

    finding = World(SERVER, effects=broken()).judge(PROCESSING)

    assert (finding.outcome, finding.observed) == (Outcome.ERROR, "[receiver] effects: gone")


@pytest.mark.parametrize(
    "status, outcome, said",
    [
        (200, Outcome.PASS, "Acknowledged a delivery with a malformed"),
        (400, Outcome.FAIL, "Did not acknowledge a delivery"),
    ],
)
def test_a_malformed_traceparent_does_no_harm(status: int, outcome: Outcome, said: str) -> None:
    """It is ignored, as W3C Trace Context demands; refusing the delivery loses an event."""
    finding = World(status=status, received=0).judge(MALFORMED)

    assert finding.outcome is outcome
    assert said in finding.summary


def test_a_refused_delivery_tells_nothing_of_traces() -> None:
    """Rows that look at spans are an error then; a later version is a recommendation only."""
    finding = World(SERVER, status=503).judge(LATER)

    assert (finding.outcome, finding.observed, finding.level) == (Outcome.ERROR, "HTTP 503", Level.SHOULD)


def call(traceparent: str) -> Attempt:
    return Attempt(
        at=0, method="GET", path="/runs", key="", body_digest="", fault="", status=200, traceparent=traceparent
    )


GOOD = f"00-{'a' * 32}-{'b' * 16}-01"
WRONG = {
    "capitals": f"00-{'A' * 32}-{'b' * 16}-01",
    "no-trace": f"00-{'0' * 32}-{'b' * 16}-01",
    "no-parent": f"00-{'a' * 32}-{'0' * 16}-01",
    "version-ff": f"ff-{'a' * 32}-{'b' * 16}-01",
    "too-short": f"00-{'a' * 31}-{'b' * 16}-01",
    "too-long": f"00-{'a' * 32}-{'b' * 16}-01-more",
    "a-word": "yes",
}


def calls(*traceparents: str, succeeded: bool = True) -> Callable[[], list[Outcome]]:
    attempts = [call(text) for text in traceparents]
    found = judge_calls(attempts, "the client exited", succeeded=succeeded, reproduce="")
    return lambda: [finding.outcome for finding in found]


def test_each_call_carries_a_valid_traceparent() -> None:
    """All calls count, not the first alone."""
    assert calls(GOOD, GOOD)() == [Outcome.PASS, Outcome.PASS]
    assert calls(GOOD, "")() == [Outcome.FAIL, Outcome.PASS]
    assert calls("", "")() == [Outcome.FAIL, Outcome.NOT_APPLICABLE]


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_what_is_no_traceparent_is_told(text: str) -> None:
    """The finding shows call and header."""
    carried, valid = judge_calls([call(GOOD), call(text)], "ended", succeeded=True, reproduce="")

    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in judge_calls([call("")], "ended", succeeded=True, reproduce="")[0].fix
    assert (carried.outcome, carried.fix, valid.outcome) == (Outcome.PASS, "", Outcome.FAIL)
    assert valid.observed == f"1 of 2 calls, first GET /runs, {text!r}"


def test_a_run_that_broke_off_proves_nothing() -> None:
    """No call, or a workflow that failed, is an error; a call without the header fails all the same."""
    assert calls()() == [Outcome.ERROR, Outcome.ERROR]
    assert calls(GOOD, succeeded=False)() == [Outcome.ERROR, Outcome.ERROR]
    assert calls("", succeeded=False)() == [Outcome.FAIL, Outcome.NOT_APPLICABLE]
