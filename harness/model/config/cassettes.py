"""``[cassettes]``: how recordings are matched, how old they may grow, and what in them changes with every call."""

from __future__ import annotations

import re
from typing import Literal

from harness.model.config.base import Duration, Section

Part = Literal["method", "scheme", "host", "port", "path", "query", "headers", "body"]
_RULE = re.compile(r"\$(?:\.\.?[^.\[\]*]+|\.\*|\[(?:\*|\d+)\])+")


class Cassettes(Section, frozen=True):
    """``[cassettes]``: the recordings of scenarios."""

    max_age: Duration | None = None
    """How old a recording may be; an older one fails, and is never recorded anew without being asked for."""
    match_on: tuple[Part, ...] = ("method", "host", "path", "query", "body")
    """What a call and its recording must have in common."""
    volatile: tuple[str, ...] = ()
    """JSON paths of values that change with every call, such as ``$..id``."""
    hosts: tuple[str, ...] = ()
    """Further hosts that scenarios may send to while they are recorded or run live."""

    def __post_init__(self) -> None:
        """Refuse a path that is none."""
        for rule in self.volatile:
            if not _RULE.fullmatch(rule):
                raise ValueError(f"Expected JSON paths such as '$.createdAt', '$.items[*].id' or '$..id', got {rule!r}")
