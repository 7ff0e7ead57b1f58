"""``[contract]``: how much of the document the checks must cover."""

from __future__ import annotations

from harness.model.config.base import Section


class CoverageThreshold(Section, frozen=True):
    """``[contract] coverage``: shares in per cent."""

    RANGES = {"operations": (0, 100), "responses": (0, 100)}

    operations: int = 100
    """Share of operations that are called with valid input."""
    responses: int = 0
    """Share of documented responses that are seen."""

    def __post_init__(self) -> None:
        """Raise ValueError for what is no share."""
        if name := self.out_of_range():
            raise ValueError(f"`{name}` is {getattr(self, name)}: write per cent, from 0 to 100")


class Contract(Section, frozen=True):
    """``[contract]``: the target's own thresholds."""

    coverage: CoverageThreshold | None = None
