"""The clock of a run: what it measures is steady, and a jump of the machine's clock is noticed."""

from __future__ import annotations

import pytest

from harness.process.run_clock import RunClock


class Machine:
    """A machine whose clock can be set."""

    def __init__(self) -> None:
        self.steady_s, self.clock_s = 100.0, 1_800_000_000.0

    def run_clock(self) -> RunClock:
        return RunClock(clock=lambda: self.clock_s, steady=lambda: self.steady_s)

    def passes(self, seconds: float, *, gained: float = 0.0) -> None:
        """Let time pass; the clock gains so many seconds more."""
        self.steady_s += seconds
        self.clock_s += seconds + gained


@pytest.mark.parametrize(
    "gained, complaint",
    [
        ((3600.0,), "The clock of this machine jumped forward by 3600 s during the run, or the machine slept"),
        ((-90.0,), "The clock of this machine jumped back by 90 s"),
        ((3600.0, -3600.0), "jumped forward by 3600 s"),
        ((0.5, -0.5, 1.9), ""),
        ((0.05,) * 200, ""),
    ],
    ids=["forward", "back", "forward and back", "steps of a time server", "drift"],
)
def test_a_jump_is_noticed(gained: tuple[float, ...], complaint: str) -> None:
    """Also one that is taken back; what a time server corrects is none."""
    machine = Machine()
    clock = machine.run_clock()

    for seconds in gained:
        machine.passes(30, gained=seconds)
        clock.look()

    assert clock.duration_s == pytest.approx(30 * len(gained))
    assert complaint in clock.complaint()
    assert bool(clock.complaint()) is bool(complaint)


def test_a_jump_before_the_end_needs_no_look() -> None:
    """The end is a look of its own."""
    machine = Machine()
    clock = machine.run_clock()

    machine.passes(1, gained=-7200)

    assert "jumped back by 7200 s" in clock.complaint()
    assert "Run again while the clock is steady." in clock.complaint()


def test_a_busy_machine_is_no_jump() -> None:
    """Where this process had to wait between its two questions, their answers do not belong together."""
    machine = Machine()
    slow = [False]

    def clock_s() -> float:
        if slow[0]:
            machine.passes(30)
        return machine.clock_s

    clock = RunClock(clock=clock_s, steady=lambda: machine.steady_s)
    slow[0] = True

    assert clock.complaint() == ""
