"""What became of an event that was acknowledged, as far as the integration can be asked."""

from __future__ import annotations

import msgspec


class ProcessingResult(msgspec.Struct, frozen=True, kw_only=True):
    """Two answers about one event, each None where nobody can be asked."""

    processed: bool | None = None
    """Whether it had an effect."""
    set_aside: bool | None = None
    """Whether it is kept as a dead letter."""

    @property
    def decided(self) -> bool:
        """Whether waiting longer would change nothing."""
        return bool(self.processed or self.set_aside)
