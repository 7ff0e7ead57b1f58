"""Spans: what one window has and good traffic does not."""

from __future__ import annotations

from harness.telemetry.signals.span_shapes import known_spans, novel_spans
from harness.telemetry.spans import ObservedSpan, Span


def span(
    texts: dict[str, str] | None = None, *, seconds: float = 0.01, status: str = "UNSET", name: str = "POST /w"
) -> ObservedSpan:
    """Return a server span with these texts."""
    plain = Span(
        trace_id="a",
        span_id="b",
        parent_id="",
        name=name,
        kind="SERVER",
        service="app",
        started_ns=0,
        ended_ns=int(seconds * 1e9),
        links=(),
        status=status,
    )
    return ObservedSpan(span=plain, texts=texts or {})


def answered(status: int, number: int = 1) -> dict[str, str]:
    """Return the attributes of a server span; the number is different in every delivery."""
    return {
        "http.response.status_code": str(status),
        "url.path": f"/{number}",
        "client.port": str(number),
        "event.id": f"evt_{number}",
    }


GOOD = known_spans([span(answered(200))])


def test_a_status_an_error_and_an_exception_show_a_fault() -> None:
    """Peers, paths and ids do not; errors come first."""
    exception = {"event 1": "exception", "event 1 exception exception.type": "ValueError", "status": "gone"}
    expected = "event=exception exception.type=ValueError http.response.status_code=500 status=gone"
    refused, failed = span(answered(401, 3)), span(answered(500, 4) | exception, status="ERROR")
    assert novel_spans([span(answered(200, 2))], GOOD) == []
    assert novel_spans([span(answered(200, 2)), refused, refused, failed], GOOD) == [
        f"SERVER 'POST /w' of app ERROR {expected}",
        "SERVER 'POST /w' of app http.response.status_code=401",
    ]


def test_a_span_that_lasts_far_longer_shows_a_fault() -> None:
    """Jitter does not."""
    assert novel_spans([span(answered(200, 2), seconds=0.05)], GOOD) == []
    assert novel_spans([span(answered(200, 2), seconds=1.5)], GOOD) == ["SERVER 'POST /w' of app lasted 1.5 s"]


def test_a_name_with_an_id_is_the_same_name() -> None:
    """Names are masked."""
    known = known_spans([span(name="GET /runs/1a2b3c")])
    assert novel_spans([span(name="GET /runs/9f8e7d")], known) == []
    assert novel_spans([span(name="retry")], known) == ["SERVER 'retry' of app"]
