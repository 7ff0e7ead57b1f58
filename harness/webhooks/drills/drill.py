"""What a row of drills is: several deliveries with a plan, and what all of them together must come to."""

from __future__ import annotations

from collections.abc import Callable

from harness.model import Check
from harness.model.check import Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext

__all__ = ["Drill", "Judgement", "passes_if"]


class Drill(Check, frozen=True, kw_only=True):
    """Several deliveries, and what they come to."""

    needs: tuple[str, ...] = ("receiver.effects",)
    """Keys of harness.toml without which it cannot be judged."""
    ahead: Callable[[DrillContext], None] | None = None
    """Done before the first drill is played, for it shows late; nothing where the target has not what it needs."""
    run: Callable[[DrillContext], Judgement]
