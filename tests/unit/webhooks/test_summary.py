"""Latencies and summaries, in little memory."""

from __future__ import annotations

import random

import pytest

from harness.model import Delivery
from harness.webhooks.summary import KINDS, Histogram, Summary


def delivery(status: int | None, *, seconds: float = 0.004, answer: str = "", error: str = "") -> Delivery:
    return Delivery(
        event="e",
        event_id="1",
        url="http://127.0.0.1/",
        status=status,
        seconds=seconds,
        first_byte_s=seconds / 2,
        connect_s=0.001,
        answer=answer,
        error=error,
    )


def test_percentiles_are_right_within_a_twentieth() -> None:
    """Whatever the scale, a percentile is no lower than the true one and at most a twentieth higher."""
    chance = random.Random(7)
    values = sorted(chance.lognormvariate(-6, 2) for _ in range(5000))
    histogram = Histogram()
    for value in values:
        histogram.add(value)

    for share in (0.5, 0.9, 0.99):
        true = values[int(share * len(values)) - 1]
        assert true <= histogram.percentile(share) <= true * 1.06
    assert histogram.percentile(1) == values[-1]
    assert histogram.slowest_s == values[-1]


def test_an_empty_histogram_has_nothing_to_tell() -> None:
    """No latencies: zero, and no line."""
    assert Histogram().percentile(0.5) == 0
    assert list(Histogram().lines()) == []


def test_the_histogram_shows_every_range_between_fastest_and_slowest() -> None:
    """Ranges in between stand there though nothing fell into them; bars compare the counts."""
    histogram = Histogram()
    for ms, number in ((0.8, 40), (1.5, 10), (12_000, 1)):
        for _ in range(number):
            histogram.add(ms / 1000)
    lines = list(histogram.lines())

    assert [line.split()[-1] for line in lines] == ["40", "10", *["0"] * 11, "1"][: len(lines)]
    assert lines[0].strip().startswith("<= 1 ms  " + "█" * 40)
    assert lines[1].count("█") == 10
    assert lines[-1].strip().startswith("slower")


def test_memory_does_not_grow_with_the_number_of_deliveries() -> None:
    """However many latencies are counted, and however many different answers, little is kept."""
    histogram, summary = Histogram(), Summary()
    chance = random.Random(3)
    for number in range(20_000):
        histogram.add(chance.expovariate(100))
        summary.add(delivery(400, answer=f"answer {number}"))

    assert len(histogram._buckets) < 400
    assert len(list(summary.lines())) < 2 * KINDS + 20


def test_the_summary_ends_with_the_counts() -> None:
    """Latencies come first, then what was answered instead of 2xx, then how many were acknowledged."""
    summary = Summary()
    for each in (delivery(200), delivery(204), delivery(401, answer="no"), delivery(None, error="connection refused")):
        summary.add(each)
    summary.seconds = 2.0
    lines = list(summary.lines())

    assert not summary.succeeded
    assert lines[0].split() == ["p50", "p90", "p99", "max"]
    assert [line.split()[0] for line in lines[1:4]] == ["connect", "first", "total"]
    assert lines[-3:] == [
        "           1  HTTP 401 'no'",
        "           1  no answer: connection refused",
        "4 delivered, 2 acknowledged, 2 not; in 2.00 s (2/s)",
    ]


@pytest.mark.parametrize("statuses, succeeded", [([200, 202], True), ([200, 302], False), ([], False)])
def test_success_is_every_delivery_acknowledged(statuses: list[int], succeeded: bool) -> None:  # noqa: FBT001
    """None refused, none redirected, and not none at all."""
    summary = Summary()
    for status in statuses:
        summary.add(delivery(status))

    assert summary.succeeded is succeeded
