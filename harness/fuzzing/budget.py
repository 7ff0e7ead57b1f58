"""How much is tried at each level, and by how many tests. Collecting tests reads it, so it imports nothing slow."""

from __future__ import annotations

import re
from typing import Self

import msgspec


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests are generated."""

    examples: int
    """Random requests per operation and kind (valid, invalid)."""
    seconds: float
    """Time for one operation, and for the chains of linked operations as a whole."""
    chains: int
    """Chains of linked operations."""
    shares: int
    """Tests that the chains are shared out to, each then about as long as that of an operation."""
    shrinks: int
    """Requests spent on making the example of one defect smaller."""
    requests: int
    """Requests generated for one operation, at most; as many again may make the examples of its defects smaller."""
    together: int
    """Requests for all operations, which each gets an equal share of, and never fewer than `FEWEST`."""
    answer_within_s: float
    """How long one answer may take."""

    def divided(self, operations: int) -> Self:
        """Return the budget of each of so many operations."""
        share = max(FEWEST, self.together // max(1, operations))
        if share >= self.requests:
            return self
        return msgspec.structs.replace(self, requests=share, examples=min(self.examples, share // 8))


FEWEST = 24
"""Requests that an operation gets however many others there are: some of each kind."""
BUDGETS = {
    "quick": Budget(
        examples=10, seconds=10, chains=15, shares=1, shrinks=40, requests=120, together=4_000, answer_within_s=5
    ),
    "standard": Budget(
        examples=100,
        seconds=60,
        chains=150,
        shares=5,
        shrinks=200,
        requests=1_000,
        together=100_000,
        answer_within_s=10,
    ),
    "deep": Budget(
        examples=1000,
        seconds=600,
        chains=1500,
        shares=8,
        shrinks=1000,
        requests=10_000,
        together=2_000_000,
        answer_within_s=15,
    ),
}


class Share(msgspec.Struct, frozen=True):
    """One of several equal shares of some work."""

    number: int = 1
    of: int = 1

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the share that a test is called by: ``part 2 of 8``, or ``all``."""
        return cls(*map(int, re.findall(r"\d+", name)))

    @classmethod
    def names(cls, of: int) -> list[str]:
        """Return what the tests of all shares are called by."""
        return ["all"] if of == 1 else [str(cls(n + 1, of)) for n in range(of)]

    def __str__(self) -> str:
        return f"part {self.number} of {self.of}"

    @property
    def title(self) -> str:
        """What findings call the chains of this share."""
        return f"Linked operations{f', {self}' if self.of > 1 else ''}"

    def portion(self, budget: Budget) -> Budget:
        """Return how many chains of a budget are walked, and how long."""
        before, after = (budget.chains * n // self.of for n in (self.number - 1, self.number))
        return msgspec.structs.replace(budget, chains=after - before, seconds=budget.seconds / self.of)
