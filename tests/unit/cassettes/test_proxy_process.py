"""What a proxy before the provider takes for the calls of one test."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from harness.cassettes.record.proxy_process import ExchangeLog
from harness.context.live_calls import LiveCalls
from harness.http.message import Request, Response


@pytest.mark.parametrize("jump_s", [-3600, 3600])
def test_a_clock_that_is_set_moves_no_call_to_another_test(jump_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call belongs to the test in which it began, whatever the time of day was then."""
    log, wall = ExchangeLog(stores=True), time.time

    def call(path: str) -> None:
        request = Request(method="GET", url=f"http://127.0.0.1:9{path}")
        began = dt.datetime.fromtimestamp(time.time(), dt.UTC)
        log.add(request, Response(status=200), began=began, start=time.monotonic(), latency_s=0.1)

    call("/before")
    calls = LiveCalls("http://127.0.0.1:9")
    monkeypatch.setattr(time, "time", lambda: wall() + jump_s)
    call("/within")

    assert [passed.exchange.request.path for passed in log.taken(calls.began)] == ["/within"]
