"""The fault switch: what the next calls of an operation meet instead of, or before, their answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.sandbox.product.problems import ProblemError


@dataclass(frozen=True, kw_only=True)
class ScriptedFault:
    """One misbehaviour; field names are those of the switch's JSON."""

    operation: str = "*"
    """``METHOD /path`` as the description names it, such as ``POST /runs``; ``*`` for all."""
    status: int | None = None
    """The error that is answered; None lets the call through."""
    retryAfter: int = 1  # noqa: N815
    """Seconds that a 429 or 503 asks for."""
    delay: float = 0.0
    """Seconds before the answer."""
    times: int = 1
    """How many calls meet it."""


class Faults:
    """The faults in wait, first come first served."""

    def __init__(self) -> None:
        """Start empty."""
        self._waiting: list[ScriptedFault] = []

    def set(self, faults: Iterable[ScriptedFault]) -> None:
        """Put ``faults`` in place of those in wait."""
        self._waiting = list(faults)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the faults in wait."""
        return [asdict(f) for f in self._waiting]

    async def meet(self, operation: str) -> None:
        """Let a call of ``operation`` meet the first fault that concerns it; raises the problem it answers."""
        at = next((n for n, f in enumerate(self._waiting) if f.operation in ("*", operation)), None)
        if at is None:
            return
        fault = self._waiting[at]
        left = replace(fault, times=fault.times - 1)
        self._waiting[at : at + 1] = [left] if left.times > 0 else []
        await asyncio.sleep(fault.delay)
        if fault.status is not None:
            waits = {"Retry-After": str(fault.retryAfter)} if fault.status in (429, 503) else None
            raise ProblemError(fault.status, "The fault switch asked for this.", headers=waits)
