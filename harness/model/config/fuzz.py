"""``[fuzz]``: which operations are sent generated requests, and how many."""

from __future__ import annotations

import enum

from harness.model.config.base import Section


class BudgetName(enum.StrEnum):
    """How much is tried."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"


class Fuzz(Section, frozen=True):
    """``[fuzz]``: generated requests."""

    budget: BudgetName = BudgetName.QUICK
    """How much is tried; ``--harness-fuzz`` goes before it."""
    include: tuple[str, ...] = ()
    """Operations to send to: ``GET``, ``/path/*``, ``GET /path``, ``tag:NAME`` or an operationId; all unless set."""
    exclude: tuple[str, ...] = ()
    """Operations to leave alone, written likewise."""
