"""What looks like a secret in files and texts, each cause once: which kind, where, how often, and never the value."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.core.foreign_files import pieces_of
from harness.secrets.detection.structure import MOST_CHARS, Sighting, sightings
from harness.secrets.redaction.placeholders import PLACEHOLDER

CHUNK = 4 * 1024 * 1024
"""Bytes that are read at once; the next ones are searched with the last incomplete line."""
MOST_LINE = 64 * 1024
"""Characters of an incomplete line that are searched again."""
MOST_SUSPECTS = 100
"""Of one run; a file with more is a file of secrets."""
MOST_VALUES = 10_000
"""Different values that are counted, and that are remembered as known."""

PlaceOf = Callable[[str], str]
"""Returns the place that a line describes, where the number of the line means nothing to its reader."""


class Suspect(msgspec.Struct, kw_only=True):
    """One cause: what looks like a secret of one kind in one place, with the further places of the same values."""

    kind: str
    what: str
    """In words."""
    place: str
    line: int
    """Within the place, from 1; 0 where it has no lines."""
    count: int = 0
    values: int = 0
    """How many different ones."""
    others: dict[str, int] = {}
    """Further places of the same values, with the first line of each."""


class SuspectSearch:
    """Searches files for secrets that are not known by their values."""

    def __init__(self, redact: Callable[[str], str] = str, sent: Callable[[str], bool] = lambda _: False) -> None:
        """Known secrets, which ``redact`` replaces, are passed over, as is what the harness made up and ``sent``."""
        self._redact = redact
        self._sent = sent
        self._salt = os.urandom(16)
        self._passed = set[bytes]()
        self._of_value: dict[bytes, Suspect] = {}
        self._of_kind: dict[tuple[str, str], Suspect] = {}
        self.left_out = 0
        """How many places beyond `MOST_SUSPECTS` hold something."""

    def __repr__(self) -> str:
        return f"<search with {len(self._of_kind)} suspects>"

    @property
    def suspects(self) -> list[Suspect]:
        """What was found, in the order in which it was met."""
        return list(self._of_kind.values())

    def search(self, path: Path, place: str, place_of: PlaceOf | None = None) -> None:
        """Search a file; raises OSError for one that cannot be read."""
        line = 1
        for text, done in _pieces(path):
            piece, seen = _Piece(text, place, line, place_of), set[int]()
            for sighting in sightings(text):
                if sighting.at >= done or sighting.at in seen:
                    continue
                seen.add(sighting.at)
                if (digest := self._suspicious(text, sighting)) is not None:
                    self._add(sighting, digest, piece)
            line += text.count("\n", 0, done)

    def _suspicious(self, text: str, sighting: Sighting) -> bytes | None:
        """Return the digest of a value, or None for one that is known."""
        digest = hashlib.blake2b(sighting.value.encode("utf-8", "replace"), key=self._salt, digest_size=16).digest()
        if digest in self._passed:
            return None
        if digest not in self._of_value and self._is_known(text, sighting):
            if len(self._passed) < MOST_VALUES:
                self._passed.add(digest)
            return None
        return digest

    def _is_known(self, text: str, sighting: Sighting) -> bool:
        """Whether a value holds a known one, or is where one begins that goes on behind what looks like its end."""
        value, beginning = sighting.value, text[sighting.at : sighting.at + MOST_CHARS]
        return self._sent(value) or self._redact(value) != value or bool(PLACEHOLDER.match(self._redact(beginning)))

    def _add(self, sighting: Sighting, digest: bytes, piece: _Piece) -> None:
        place = piece.place_at(sighting.at)
        suspect = self._of_value.get(digest) or self._of_kind.get((sighting.kind, place))
        if suspect is None:
            if len(self._of_kind) >= MOST_SUSPECTS:
                self.left_out += 1
                return
            suspect = Suspect(kind=sighting.kind, what=sighting.what, place=place, line=piece.line_at(sighting.at))
            self._of_kind[sighting.kind, place] = suspect
        suspect.count += 1
        if digest not in self._of_value and len(self._of_value) < MOST_VALUES:
            self._of_value[digest] = suspect
            suspect.values += 1
        if place != suspect.place and place not in suspect.others:
            suspect.others[place] = piece.line_at(sighting.at)


class _Piece(NamedTuple):
    """A part of a file, and where it lies."""

    text: str
    place: str
    first_line: int
    place_of: PlaceOf | None

    def place_at(self, at: int) -> str:
        """Return the place that a report names."""
        if self.place_of is None:
            return self.place
        end = self.text.find("\n", at)
        return self.place_of(self.text[self.text.rfind("\n", 0, at) + 1 : end if end >= 0 else None])

    def line_at(self, at: int) -> int:
        """Return the line, 0 where it means nothing."""
        return 0 if self.place_of else self.first_line + self.text.count("\n", 0, at)


def _pieces(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the text of a file in pieces that overlap, each with the length of what the next one does not repeat.

    Most files are read byte by byte, as everything that is looked for is ASCII, and of UTF-16 as such.
    """
    pieces = pieces_of(path, CHUNK)
    rest, fresh = "", next(pieces, b"")
    wide = fresh.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if wide else "latin-1")("replace")
    while fresh:
        text = rest + decoder.decode(fresh)
        fresh = next(pieces, b"")
        done = max(text.rfind("\n") + 1, len(text) - MOST_LINE) if fresh else len(text)
        yield text, done
        rest = text[done:]
