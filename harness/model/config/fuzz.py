"""``[fuzz]``: which operations are sent generated requests, and how many."""

from __future__ import annotations

import enum

from harness.model.config.base import Section


class BudgetName(enum.StrEnum):
    """How many requests are generated."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"


EXAMPLES_VARIABLE = "HARNESS_EXAMPLES"
"""Variable of the environment that names the folder or server where defects are shared."""


class Fuzz(Section, frozen=True):
    """``[fuzz]``: generated requests."""

    budget: BudgetName = BudgetName.QUICK
    """How many requests are generated; ``--harness-fuzz`` overrides it."""
    include: tuple[str, ...] = ()
    """Operations to send to: ``GET``, ``/path/*``, ``GET /path``, ``tag:NAME`` or an operationId; all unless set."""
    exclude: tuple[str, ...] = ()
    """Operations to leave out, in the same notation."""
