"""The known-value scan: every known secret, in every form, through layers of encoding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from harness.core.foreign_files import pieces_of, read_file
from harness.core.yaml import YamlDepthError, scalars
from harness.secrets.decoding.packed import GOES_ON
from harness.secrets.forms import MIN_CHARS
from harness.secrets.known_values import KnownValues

CHUNK = 4 * 1024 * 1024
OVERLAP = 64 * 1024
MAX_YAML = 32 * 1024 * 1024
"""Bytes of a file whose strings are also read as YAML has them."""


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """A known secret in a place that must not contain any; never the value, nor a part of it."""

    secret: str
    """The reference that names it."""
    form: str
    """How it was encoded."""
    place: str
    """File or output."""
    line: int
    """Line within the place, from 1."""


class Leaks(list[Leak]):
    """What was found in one or more places, each secret and form once in each."""

    def __init__(self, leaks: Iterable[Leak] = (), unread: Iterable[str] = ()) -> None:
        super().__init__(leaks)
        self.unread = list(unread)
        """In words, what was beyond a bound of the search, and where: only without any does no leak mean no secret."""

    def add(self, more: Leaks) -> None:
        """Take what was found in another place, too."""
        self.extend(more)
        self.unread += more.unread


class Scanner:
    """Searches bytes for a set of known values."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """``values`` maps the name of each secret to its value."""
        self.unsearchable = tuple(sorted(name for name, value in values.items() if len(value) < MIN_CHARS))
        self._values = KnownValues(values)

    def __repr__(self) -> str:
        return f"<scanner for {self._values.count} secrets>"

    def scan_bytes(self, data: bytes, place: str, *, first_line: int = 1, goes_on: bool = False) -> Leaks:
        """Return every known secret in ``data``, each secret and form once, at its first line.

        Where it ``goes_on``, it is a piece of something longer.
        """
        found: dict[tuple[str, str], Leak] = {}
        line, counted, taken, unread = first_line, 0, dict[str, int](), set[str]()
        for one in self._values.find(data, unread):
            line, counted = line + data.count(b"\n", counted, one.start), max(counted, one.start)
            if one.start < taken.get(one.name, 0) or (one.name, one.form) in found:
                continue  # the same value, as another layer shows it
            taken[one.name] = one.end
            found[one.name, one.form] = Leak(secret=one.name, form=one.form, place=place, line=line)
        unread -= set() if goes_on else {GOES_ON}
        return Leaks(found.values(), (f"{place}: {what}" for what in sorted(unread)))

    def scan_file(self, path: Path, place: str) -> Leaks:
        """Return every known secret in a file, reading it in overlapping pieces; YAML is also read as YAML."""
        found: dict[tuple[str, str], Leak] = {}
        unread: dict[str, None] = {}
        line = 1
        pieces = pieces_of(path, CHUNK)
        piece, fresh = b"", next(pieces, b"")
        while fresh:
            piece, fresh = piece[-OVERLAP:] + fresh, next(pieces, b"")
            leaks = self.scan_bytes(piece, place, first_line=line, goes_on=bool(fresh))
            unread |= dict.fromkeys(leaks.unread)
            for leak in leaks:
                found.setdefault((leak.secret, leak.form), leak)
            line += piece[:-OVERLAP].count(b"\n")
        if path.suffix in {".yaml", ".yml"}:
            told = {secret for secret, _ in found}
            leaks = self._in_yaml(path, place)
            unread |= dict.fromkeys(leaks.unread)
            for leak in leaks:
                if leak.secret not in told:
                    found.setdefault((leak.secret, leak.form), leak)
        return Leaks(found.values(), unread)

    def _in_yaml(self, path: Path, place: str) -> Leaks:
        """Search the strings of a file of YAML, which has ways to write one that nothing else has."""
        if path.stat().st_size > MAX_YAML:
            return Leaks((), [f"{place}: the strings of more than {MAX_YAML >> 20} MiB of YAML"])
        found = Leaks()
        try:
            for scalar in scalars(read_file(path)):
                found.add(self.scan_bytes(scalar, place))
        except YamlDepthError as exc:
            found.unread.append(f"{place}: strings of YAML from line {exc.line} on, where {exc}")
        return found
