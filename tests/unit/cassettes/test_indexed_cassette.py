"""The indexed cassette: stock vcrpy's answers, and what the cassette of a scenario adds to them."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EPISODES = 150


@pytest.mark.parametrize("seed", [11, 12])
def test_it_answers_as_stock_vcrpy_does(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On random requests, matchers, modes, repeats and rewinds no step differs from stock vcrpy's."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import replay_differential

    tally = replay_differential.compare(EPISODES, seed)

    assert tally.differences == []
    assert tally.steps == EPISODES * replay_differential.STEPS
    assert tally.played > tally.steps / 10
