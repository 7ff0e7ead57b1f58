"""The known-value scan: every known secret, in every form, through layers of encoding."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.core.yaml import scalars
from harness.secrets.forms import MIN_CHARS
from harness.secrets.known_values import KnownValues

CHUNK = 4 * 1024 * 1024
OVERLAP = 64 * 1024


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


class Scanner:
    """Searches bytes for a set of known values."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """``values`` maps the name of each secret to its value."""
        self.unsearchable = tuple(sorted(name for name, value in values.items() if len(value) < MIN_CHARS))
        self._values = KnownValues(values)

    def __repr__(self) -> str:
        return f"<scanner for {self._values.count} secrets>"

    def scan_bytes(self, data: bytes, place: str, *, first_line: int = 1) -> list[Leak]:
        """Return every known secret in ``data``, each secret and form once, at its first line."""
        found: dict[tuple[str, str], Leak] = {}
        line, counted, taken = first_line, 0, dict[str, int]()
        for one in self._values.find(data):
            line, counted = line + data.count(b"\n", counted, one.start), max(counted, one.start)
            if one.start < taken.get(one.name, 0) or (one.name, one.form) in found:
                continue  # the same value, as another layer shows it
            taken[one.name] = one.end
            found[one.name, one.form] = Leak(secret=one.name, form=one.form, place=place, line=line)
        return list(found.values())

    def scan_file(self, path: Path, place: str) -> list[Leak]:
        """Return every known secret in a file, reading it in overlapping pieces; YAML is also read as YAML."""
        found: dict[tuple[str, str], Leak] = {}
        line = 1
        with path.open("rb") as file:
            piece = b""
            while fresh := file.read(CHUNK):
                piece = piece[-OVERLAP:] + fresh
                for leak in self.scan_bytes(piece, place, first_line=line):
                    found.setdefault((leak.secret, leak.form), leak)
                line += piece[:-OVERLAP].count(b"\n")
        if path.suffix in {".yaml", ".yml"} and path.stat().st_size <= CHUNK * 8:
            told = {secret for secret, _ in found}
            for scalar in scalars(path.read_bytes()):  # YAML has ways to write a string that nothing else has
                for leak in self.scan_bytes(scalar, place):
                    if leak.secret not in told:
                        found.setdefault((leak.secret, leak.form), leak)
        return list(found.values())
