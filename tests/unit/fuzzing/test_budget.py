"""The budgets are those that harness.toml and the command line name, each larger than the one before."""

from __future__ import annotations

import itertools

import msgspec

from harness.fuzzing.budget import BUDGETS, FEWEST, Share
from harness.model.config import BudgetName


def test_there_is_a_budget_for_each_level() -> None:
    """A level that is accepted has a budget, in the same order."""
    assert list(BUDGETS) == [level.value for level in BudgetName]


def test_a_higher_level_tries_more_of_everything() -> None:
    """No figure of a budget is smaller than that of the level below."""
    for lower, higher in itertools.pairwise(BUDGETS.values()):
        pairs = zip(msgspec.structs.astuple(lower), msgspec.structs.astuple(higher), strict=True)
        assert all(less < more for less, more in pairs)


def test_shares_make_up_the_whole() -> None:
    """Nothing of a budget is lost or walked twice, whatever the number of shares; each is found by its name."""
    budget = BUDGETS["standard"]
    for of in (1, 4, 7):
        portions = [Share.named(name).portion(budget) for name in Share.names(of)]

        assert sum(p.chains for p in portions) == budget.chains
        assert {p.seconds for p in portions} == {budget.seconds / of}
    assert [Share.named(name) for name in Share.names(8)] == [Share(n, 8) for n in range(1, 9)]


def test_many_operations_share_the_requests_of_all() -> None:
    """Each operation of a large document gets an equal share, and some requests of each kind however many there are."""
    quick = BUDGETS["quick"]

    assert quick.divided(1) == quick
    assert quick.divided(80).requests == quick.together // 80
    assert quick.divided(10_000).requests == FEWEST
    assert 0 < 2 * quick.divided(10_000).examples < FEWEST
