"""What a row of drills is: several deliveries with a plan, and what all of them together must come to."""

from __future__ import annotations

from collections.abc import Callable

from harness.model import Check, Outcome
from harness.webhooks.assessment import Judgement
from harness.webhooks.drills.drill_context import DrillContext

__all__ = ["Drill", "Judgement", "told"]


class Drill(Check, frozen=True, kw_only=True):
    """Several deliveries, and what they come to."""

    needs: tuple[str, ...] = ("receiver.effects",)
    """Keys of harness.toml without which it cannot be judged."""
    ahead: Callable[[DrillContext], None] | None = None
    """Done before the first drill is played, for it shows late; nothing where the target lacks what it needs."""
    run: Callable[[DrillContext], Judgement]


def told(holds: bool, observed: str) -> Judgement:  # noqa: FBT001 - reads as a sentence
    """Return a judgement of what was seen."""
    return (Outcome.PASS if holds else Outcome.FAIL), observed
