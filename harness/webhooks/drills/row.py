"""What a row of drills is: several deliveries with a plan, and what is owed to all of them together."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from harness.model import Level, Outcome
from harness.webhooks.drills.stage import Stage

Judgement = tuple[Outcome, str]
"""An outcome, and what was observed."""


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """Several deliveries, and what they come to."""

    id: str
    item: str
    level: Level = Level.MUST
    summary: str
    """What is done, in a few words."""
    expected: str
    source: str
    fix: str
    """What to do about it, in words that hold for any language."""
    needs: tuple[str, ...] = ("receiver.effects",)
    """Keys of harness.toml without which it cannot be judged."""
    ahead: Callable[[Stage], None] | None = None
    """Done before the first drill is played, for it shows late; nothing where the target lacks what it needs."""
    run: Callable[[Stage], Judgement]


def told(holds: bool, observed: str) -> Judgement:  # noqa: FBT001 - reads as a sentence
    """Return a judgement of what was seen."""
    return (Outcome.PASS if holds else Outcome.FAIL), observed
