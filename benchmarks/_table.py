"""What every benchmark prints: a row for each piece of work, with its figure, its bar, and whether it is met."""

from __future__ import annotations

import json
import operator
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table

_COMPARE = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure, measured side by side with what it is compared to."""

    work: str
    value: float
    unit: str
    """``x`` for a ratio of two things measured in this run."""
    bar: str = ""
    """Such as ``>= 90``; empty for a figure that is only told."""
    met: bool | None = field(init=False)

    def __post_init__(self) -> None:
        """Hold the value against the bar."""
        sign, _, limit = self.bar.partition(" ")
        object.__setattr__(self, "met", _COMPARE[sign](self.value, float(limit)) if self.bar else None)


def show(title: str, rows: Iterable[Row]) -> None:
    """Print the rows as a table, or with ``--json`` as a list of ``{work, value, unit, bar, met}``."""
    rows = list(rows)
    if "--json" in sys.argv:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table("work", "value", "bar", "met", title=title, title_justify="left")
    said = {True: "yes", False: "NO", None: ""}
    for row in rows:
        table.add_row(row.work, f"{row.value:,.3g} {row.unit}", row.bar, said[row.met])
    Console(width=120).print(table)
