"""``[contract]``: how much of the document must have been seen."""

from __future__ import annotations

from harness.model.config.base import Section


class CoverageThreshold(Section, frozen=True):
    """``[contract] coverage``: shares in per cent."""

    operations: int = 100
    """Of the operations, called with valid input."""
    responses: int = 0
    """Of the documented responses, seen."""


class Contract(Section, frozen=True):
    """``[contract]``: the target's own thresholds."""

    coverage: CoverageThreshold | None = None
