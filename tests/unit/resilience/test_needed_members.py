"""Which members a client needs, found by halving."""

from __future__ import annotations

import pytest

from harness.resilience.changed_answers import Place
from harness.resilience.needed_members import needed_of

MEMBERS: list[Place] = [("GET /runs", str(number)) for number in range(16)]


@pytest.mark.parametrize(
    "needs, most, runs, undecided", [((), 60, 1, 0), ((3,), 60, 9, 0), ((3, 9, 10), 60, 17, 0), ((3,), 3, 3, 16)]
)
def test_halves_lead_to_the_members_that_are_needed(
    needs: tuple[int, ...], most: int, runs: int, undecided: int
) -> None:
    """In few runs, and in no more than are allowed."""
    asked = []
    needed = [MEMBERS[number] for number in needs]

    def works_without(group: object) -> bool:
        asked.append(group)
        return not any(member in group for member in needed)  # type: ignore[operator] # a sequence

    found, open_ones = needed_of(MEMBERS, works_without, most=most)

    assert len(asked) == runs
    assert len(open_ones) == undecided
    assert sorted(found) == sorted(needed) if not undecided else not found
