"""What reports have behind their findings: the members of one that stands for several, and the notes of an item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.model import Finding
from harness.model.finding import Member

MEMBERS = 50
"""Members of a finding, and notes of an item, that are listed."""
IN_MARKDOWN = 5
"""Those that Markdown lists: job summaries have a limit."""


def members_title(finding: Finding) -> str:
    """Return how many findings a finding stands for; empty where it is only itself."""
    return f"{len(finding.members)} findings of this cause, each with its command" if len(finding.members) > 1 else ""


def member_lines(finding: Finding, most: int = MEMBERS) -> Iterator[str]:
    """Yield a line for each of several findings that are one, and in the end how many more there are."""
    yield from map(_member_line, finding.members[:most])
    yield from _more(len(finding.members) - most)


def _member_line(member: Member) -> str:
    """Return one of several findings that are one: its operation, id, and the command that repeats it."""
    again = f": {member.reproduce}" if member.reproduce else ""
    return f"{member.subject} ({member.id}, {member.check}){again}"


def notes_title(notes: Sequence[Finding]) -> str:
    """Return how many notes an item has, and that they decide nothing."""
    number, they = ("1 note", "it decides") if len(notes) == 1 else (f"{len(notes)} notes", "they decide")
    return f"{number}: true, but hardly worth correcting; {they} nothing"


def note_lines(notes: Sequence[Finding], most: int = MEMBERS) -> Iterator[str]:
    """Yield each note with the reason why nobody would correct it, and in the end how many more there are."""
    yield from (f"{note.summary}: {note.note}" for note in notes[:most])
    yield from _more(len(notes) - most)


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield f"and {number} more in readiness.json"
