"""Pauses that are always the same are seen, and neither chance nor the noise of a machine decides."""

from __future__ import annotations

import random

import pytest

from harness.model import Finding, Outcome
from harness.resilience.jitter import FALSE_ALARM, JITTER, LEAST, by_chance, judged


def found(*pauses: float) -> Finding:
    return judged(JITTER, pauses)


def noisy(pause: float, number: int) -> list[float]:
    """Return a pause as a busy machine lengthens it: a third of the time by a lot."""
    return [pause + (0.3 if n % 3 == 0 else 0.001 * (n % 7)) for n in range(number)]


def test_the_same_pause_each_time_is_seen() -> None:
    """The finding shows how many are alike, and how rarely chance does so."""
    finding = found(*noisy(0.3, 36))

    assert finding.outcome is Outcome.FAIL
    assert finding.summary == (
        "Paused for the same time before second attempts: 24 of 36 pauses lie within 20 ms of each other"
    )
    assert "pauses spread over 0.10 s do so by chance less than once in " in finding.observed


def test_the_fewest_pauses_must_all_be_alike() -> None:
    """With eight of them, one that differs is enough to pass."""
    same = [0.2 + n / 1000 for n in range(LEAST)]

    assert found(*same).outcome is Outcome.FAIL
    assert found(*same[1:], 0.3).outcome is Outcome.PASS


def test_pauses_that_are_hardly_any_are_not_judged() -> None:
    """A client that pauses for no time at all does not pass by the noise of the machine."""
    finding = found(*noisy(0.001, 13))

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.observed == (
        "half of the 13 pauses before a second attempt are below 5 ms, which is too short to compare"
    )
    assert finding.summary.endswith(f": {finding.observed}")


@pytest.mark.parametrize("least, most", [(0.0, 0.15), (0.05, 0.1), (0.25, 0.5), (1.0, 1.1)])
def test_jitter_passes(least: float, most: float) -> None:
    """Full, equal and little jitter, of short pauses and long ones, are never taken for none."""
    draw = random.Random(7).uniform
    runs = [found(*(draw(least, most) for _ in range(number))) for number in (LEAST, 12, 36) for _ in range(100)]

    assert Outcome.FAIL not in {f.outcome for f in runs}
    assert "pauses before a second attempt, from " in runs[0].observed


def test_the_probability_of_chance_is_an_upper_bound() -> None:
    """All of eight are alike by chance far less than once in a thousand times, seven are not."""
    assert by_chance(LEAST, LEAST) < FALSE_ALARM < by_chance(LEAST - 1, LEAST)
    assert by_chance(1, LEAST) == 1
