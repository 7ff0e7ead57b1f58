"""What a row of drills is: several deliveries with a plan, judged together."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from harness.model import Check, Event, Outcome
from harness.model.check import Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext

__all__ = ["OTHER_SECRETS", "Caused", "Drill", "Judgement", "passes_if", "too_fast"]

OTHER_SECRETS = "start the receiver with other secrets"
"""What `Drill.needs_process` is for drills about its configuration."""


class Caused(NamedTuple):
    """A judgement with what is wrong with the receiver, which other drills show too."""

    outcome: Outcome
    observed: str
    cause: str
    """Findings of one cause are one finding in the report; empty for what only this drill shows."""


class Drill(Check, frozen=True, kw_only=True):
    """Several deliveries, judged together."""

    needs: tuple[str, ...] = ("receiver.effects",)
    """Keys of harness.toml that it requires."""
    hint: str = ""
    """What to write there, for what is not obvious; without a full stop."""
    needs_process: str = ""
    """What it does that takes a process of the harness, as an infinitive; empty where a restart is enough."""
    under_load: bool = False
    """Whether it fails where a receiver that acknowledged earlier deliveries no longer responds."""
    after_forgeries: bool = False
    """Whether it fails where a receiver that acknowledged earlier deliveries refuses them after forgeries."""
    ahead: Callable[[DrillContext], None] | None = None
    """Runs before the first drill, because its effects appear late; does nothing where the target does not allow it."""
    run: Callable[[DrillContext], Judgement | Caused]


def too_fast(slow: Event) -> Judgement:
    """Return the judgement of a drill whose event at ``[receiver] slow`` is processed before the drill can act."""
    observed = f"{slow.name} was processed at once; set [receiver] slow to an event whose processing takes seconds"
    return Outcome.NOT_RUN, observed
