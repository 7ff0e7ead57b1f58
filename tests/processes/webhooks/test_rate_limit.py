"""Drills on receivers whose rate limit was used up, and on one that no longer responds."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from harness.model import Finding, Outcome
from harness.model.config import Duration, EffectSource, Receiver
from harness.webhooks.drills import DRILLS, DrillContext, play, rate_limit
from tests.unit.webhooks.conftest import EVENT, Effects, Request, Serve, Under, event_id, reply

LIMITED = b"HTTP/1.1 429 Slow down\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"


class Limited:
    """Answers 429 until ``free_at``, then 200, or 500 once it has been spoilt."""

    def __init__(self) -> None:
        self.effects = Effects()
        self.free_at = 0.0
        self.spoilt = False

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        if time.monotonic() < self.free_at:
            return LIMITED
        if self.spoilt:
            return reply(500)
        self.effects.ids.append(event_id(request))
        return reply(200)


@pytest.fixture
def limited() -> Limited:
    return Limited()


@pytest.fixture
def on(limited: Limited, serve: Serve, under: Under, tmp_path: Path) -> DrillContext:
    url = serve(limited)
    return DrillContext(
        receiver=under(url, probe=limited.effects),
        config=Receiver(url=url, ack_within=Duration(30), effects=EffectSource(url="http://x")),
        event=EVENT,
        read=lambda _path: EVENT,
        root=tmp_path,
        environment={},
    )


def played(drill_id: str, on: DrillContext) -> Finding:
    return play(next(d for d in DRILLS if d.id == drill_id), on, reproduce="")


def test_a_burst_begins_when_a_rate_limit_has_recovered(limited: Limited, on: DrillContext) -> None:
    """The drill waits as long as the receiver asks for, until the limit that earlier checks used up recovers."""
    limited.free_at = time.monotonic() + 1.5
    finding = played("burst", on)

    assert finding.outcome is Outcome.PASS, finding.observed
    assert on.shared.patience_s < 130


def test_a_rate_limit_that_never_recovers_is_an_error(
    limited: Limited, on: DrillContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is bounded for all drills together."""
    monkeypatch.setattr(rate_limit, "_MOST_S", 0.05)
    on.shared.patience_s = 0.2
    limited.free_at = time.monotonic() + 60

    assert [played(drill_id, on).outcome for drill_id in ("burst", "ack-latency")] == [Outcome.ERROR] * 2
    assert on.shared.patience_s <= 0


def test_a_receiver_that_acknowledged_before_and_now_fails_has_failed_the_burst(
    limited: Limited, on: DrillContext
) -> None:
    """It did not survive the load of the run; one that never acknowledged is not configured."""
    limited.spoilt = True
    assert played("burst", on).outcome is Outcome.ERROR

    limited.spoilt = False
    assert played("ack-latency", on).outcome is Outcome.PASS
    limited.spoilt = True
    on.receiver.alive = False
    finding = played("burst", on)
    assert (finding.outcome, finding.observed.partition(" (")[0]) == (
        Outcome.FAIL,
        "earlier deliveries were acknowledged; now: HTTP 500",
    )


def test_times_that_a_rate_limit_answered_are_not_those_of_the_receiver(limited: Limited, on: DrillContext) -> None:
    """The finding names the limit."""
    assert played("ack-latency", on).outcome is Outcome.PASS
    limited.free_at = time.monotonic() + 60
    finding = played("ack-latency", on)

    assert finding.outcome is Outcome.ERROR
    assert "HTTP 429: the receiver's rate limit answered, not its handler. Raise that limit" in finding.observed
