"""One thing to look at, as a row: what it is, and how its faults are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from harness.context.run_context import RunContext


class Symptom(NamedTuple):
    """What is checked before a gate."""

    id: str
    title: str
    """In a few words, for the list of what was checked."""
    look: Callable[[RunContext], Iterator[str]]
    """Yields each fault as a paragraph: what is wrong, where, and what to do. Raises `HarnessError` for one."""
    needs: tuple[str, ...] = ()
    """Ids of the symptoms that must be without fault for this one to be checked."""
    section: str = ""
    """The section of harness.toml that it is about, and without which there is nothing to check."""


class Obstacle(NamedTuple):
    """One fault, with the id of the symptom."""

    symptom: str
    text: str
