"""``[cassettes]``: how recordings are matched, how old they may be, and which values change with every call."""

from __future__ import annotations

import re
from typing import Literal

from harness.model.config.base import Duration, Section

Part = Literal["method", "scheme", "host", "port", "path", "query", "headers", "body"]
_RULE = re.compile(r"\$(?:\.\.?[^.\[\]*]+|\.\*|\[(?:\*|\d+)\])+")


class Cassettes(Section, frozen=True):
    """``[cassettes]``: the recordings of scenarios."""

    max_age: Duration | None = None
    """Maximum age of a recording. An older one fails; it is only recorded again when you ask for it."""
    match_on: tuple[Part, ...] = ("method", "host", "path", "query", "body")
    """The parts in which a request must equal its recording."""
    volatile: tuple[str, ...] = ()
    """JSON paths of values that change with every call, such as ``$..id``."""
    hosts: tuple[str, ...] = ()
    """Further hosts that scenarios may send to while they are recorded or run live."""

    FORMS = {"volatile": _RULE}

    def __post_init__(self) -> None:
        """Raise ValueError for a path that is not a JSON path, and where every request would match."""
        if not self.match_on:
            raise ValueError("`match_on` is empty, and every request would match: name parts such as method and path")
        for rule in self.volatile:
            if not _RULE.fullmatch(rule):
                raise ValueError(f"Expected JSON paths such as '$.createdAt', '$.items[*].id' or '$..id', got {rule!r}")
