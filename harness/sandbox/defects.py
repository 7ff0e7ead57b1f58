"""Defects to plant on purpose, read from ``defects.toml``: each harms one item of the readiness checklist."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PARTS = ("provider", "client", "receiver", "worker", "operations")


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A mistake in a file of the target, such as a runbook without an owner."""

    file: str
    """Relative to the folder of harness.toml."""
    find: str
    """Text that occurs in the file exactly once."""
    replace: str


@dataclass(frozen=True, kw_only=True)
class PlantedDefect:
    """One way to be wrong."""

    id: str
    where: str
    """The part that carries it, one of `PARTS`."""
    what: str
    """What goes wrong, in a sentence."""
    item: str
    """Id of the checklist item that must fail."""
    also: tuple[str, ...] = ()
    """Items that may rightly fail with it, because they see the same mistake from another side."""
    edits: tuple[Edit, ...] = ()
    """Where the defect is in files; empty where the sandbox' processes carry it alone."""
    pending: bool = False
    """Whether no check can see it yet."""


@cache
def catalogue() -> tuple[PlantedDefect, ...]:
    """Return all defects; read only where one is planted or named, since the sandbox starts many short processes."""
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["defect"]
    return tuple(_of_row(**row) for row in rows)


def _of_row(
    *, edit: dict[str, str] | list[dict[str, str]] | None = None, also: Sequence[str] = (), **row: Any
) -> PlantedDefect:
    """Return the defect of a row, whose ``edit`` is one table or several."""
    edits = edit if isinstance(edit, list) else filter(None, [edit])
    return PlantedDefect(**row, also=tuple(also), edits=tuple(Edit(**each) for each in edits))


class UnknownDefectError(ValueError):
    """A defect that the catalogue does not have."""


class Planted:
    """The defects of one process; asked for at the one place each concerns."""

    def __init__(self, names: frozenset[str] = frozenset()) -> None:
        """Plant ``names``; raises `UnknownDefectError` with the nearest that exists."""
        known = {d.id for d in catalogue()} if names else set()
        for name in names - known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else "List them with harness sandbox --list-defects."
            raise UnknownDefectError(f"There is no defect {name!r}. {hint}")
        self.names = names

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What the defects change in files."""
        return tuple(edit for d in catalogue() if d.id in self.names for edit in d.edits) if self.names else ()

    def __contains__(self, name: str) -> bool:
        """Whether the defect is planted; a name outside the catalogue is a mistake in the sandbox itself."""
        assert not self.names or any(d.id == name for d in catalogue()), name
        return name in self.names
