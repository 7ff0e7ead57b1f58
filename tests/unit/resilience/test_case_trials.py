"""How many runs decide: timing by two of three, jitter by four of five, anything else by the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from harness.model import Attempt, Outcome
from harness.model.config import Policy
from harness.resilience.case_trials import CHANCE, NOISE, Tried, finding_of, tried
from harness.resilience.client_case import ClientCase
from harness.resilience.client_cases import CASES
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun

ENDED = ClientRun(exit_status=0, seconds=1, tail="", ended_at=99)
LIMITED = next(case for case in CASES if case.id == "limited-with-seconds")
ENDLESS = next(case for case in CASES if case.id == "unavailable-for-good")


def of_gaps(*gaps: float, answered: bool = True, status: int = 0) -> Evidence:
    """Return a run whose attempts have these seconds between them."""
    times = [sum(gaps[:n]) for n in range(len(gaps) + 1)]
    faults = ["503"] * len(times)
    if answered:
        faults[-1] = ""
    attempts = [
        Attempt(at=at, method="GET", path="/runs", key="", body_digest="0", fault=fault, status=None)
        for at, fault in zip(times, faults, strict=True)
    ]
    ended = ClientRun(exit_status=status, seconds=1, tail="", ended_at=99)
    return Evidence(attempts=attempts, run=ended, policy=Policy())


def in_turn(*runs: Evidence) -> tuple[Callable[[int], tuple[Evidence, Sequence[str]]], list[int]]:
    """Return what runs the client, and the numbers of the runs that it was asked for."""
    asked: list[int] = []

    def run(number: int) -> tuple[Evidence, Sequence[str]]:
        asked.append(number)
        return runs[number], ()

    return run, asked


def tried_with(case: ClientCase, *runs: Evidence) -> tuple[Tried, int]:
    run, asked = in_turn(*runs)
    return tried(case, "GET /runs", run), len(asked)


def test_operations_that_were_not_met_are_named() -> None:
    """A case tries a limited number of operations, and its finding states how many it left out."""
    passed = Tried(label="GET /a", outcome=Outcome.PASS, observed="went on")

    finding = finding_of(LIMITED, [passed], unmet=["GET /b", "GET /c"])

    assert finding.observed == "went on. Not met, beyond the first 1 operations: 2 (GET /b, GET /c)"


EARLY, IN_TIME = of_gaps(1.0), of_gaps(2.1)


@pytest.mark.parametrize(
    "runs, outcome, made",
    [
        ((IN_TIME,), Outcome.PASS, 1),
        ((EARLY, IN_TIME, IN_TIME), Outcome.PASS, 3),
        ((EARLY, IN_TIME, EARLY), Outcome.FAIL, 3),
        ((EARLY, EARLY), Outcome.FAIL, 2),
    ],
)
def test_a_failure_of_timing_needs_two_of_three_runs(runs: tuple[Evidence, ...], outcome: Outcome, made: int) -> None:
    """No run is made that cannot change the verdict, and each that was made is shown."""
    found, number = tried_with(LIMITED, *runs)

    assert (found.outcome, number) == (outcome, made)
    if made > 1:
        assert f"run {made}: " in found.observed
        assert "retried after 1.00 s, earlier than 1.95 s" in found.observed


def test_any_other_failure_is_not_repeated() -> None:
    """A client that did not try again at all does so no better in a second run."""
    found, number = tried_with(LIMITED, of_gaps(answered=False))

    assert (found.outcome, number) == (Outcome.FAIL, 1)
    assert "it was not retried at all" in found.complaint


CONSTANT, GROWING = (of_gaps(*gaps, answered=False, status=1) for gaps in ((0.2, 0.2, 0.2), (0.2, 0.4, 0.8)))


def test_what_jitter_can_do_needs_four_of_five_runs() -> None:
    """Constant pauses in four runs are no chance, and the finding tells how seldom they would be; in three they are."""
    failed, _ = tried_with(ENDLESS, *[CONSTANT] * 4)
    passed, number = tried_with(ENDLESS, CONSTANT, GROWING, CONSTANT, GROWING)

    assert failed.outcome is Outcome.FAIL
    assert "full jitter does so by chance once in 1,067 times" in failed.observed
    assert (passed.outcome, number) == (Outcome.PASS, 4)


def test_the_chance_of_a_false_alarm_is_that_of_all_runs() -> None:
    """Two or three of three, four or five of five."""
    assert NOISE.false_alarm(0.1) == pytest.approx(3 * 0.01 * 0.9 + 0.001)
    assert CHANCE.false_alarm(0.1) == pytest.approx(5 * 0.0001 * 0.9 + 0.00001)


def test_a_margin_of_twenty_milliseconds_decides_nothing() -> None:
    """Noise of a busy machine makes constant delays no growing ones."""
    noisy = of_gaps(0.1, 0.1, 0.12, answered=False, status=1)

    found, _ = tried_with(ENDLESS, *[noisy] * 4)

    assert found.outcome is Outcome.FAIL


def test_one_complaint_of_several_operations_is_told_once() -> None:
    """It names the operations, however their times differ."""
    calls = ("GET /a", 5.0), ("GET /b", 5.1)
    failed = [
        Tried(label=label, outcome=Outcome.FAIL, complaint=f"waited for {s} s", observed="") for label, s in calls
    ]

    finding = finding_of(LIMITED, failed)

    assert finding.summary.endswith(": waited for 5.0 s (GET /a, GET /b)")


TWICE = next(case for case in CASES if case.id == "unavailable-twice")


@pytest.mark.parametrize(
    "case, run, clear",
    [
        (TWICE, of_gaps(0.03, 0.2), False),
        (TWICE, of_gaps(0.03, 0.6), True),
        (TWICE, of_gaps(), True),
        (ENDLESS, of_gaps(1.0, 1.3, answered=False, status=1), True),
        (ENDLESS, of_gaps(1.0, 1.0, 1.3, answered=False, status=1), False),
        (ENDLESS, of_gaps(1.0, 4.0, 9.0, answered=False, status=1), True),
    ],
    ids=["short", "long", "no retry", "too few to grow", "may not grow", "grow"],
)
def test_a_pause_that_other_runs_may_have_lengthened_is_not_clear(case: ClientCase, run: Evidence, clear: bool) -> None:  # noqa: FBT001
    """Half a second is more than what runs beside a client adds to its pauses."""
    found, _ = tried_with(case, run, run, run, run)

    assert found.is_clear is clear
