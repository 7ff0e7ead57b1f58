"""Texts that are searched for: few of them one after another, many of them by how they begin."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

HEAD = 8
"""Bytes by which many are distinguished."""
_EACH_NS, _BYTE_OF_EACH_NS, _BYTE_NS = 60, 0.13, 100
"""What a search costs: for each text, for each byte and text, and for each byte where all are searched for at once."""


class Needle(NamedTuple):
    """A text that is searched for."""

    text: bytes
    """At least `HEAD` bytes."""
    name: str
    """What it shows."""
    form: str
    """How that is encoded; empty where it is not."""
    sign: bytes
    """A part of it, or all: a text without it holds no such text."""
    written: bytes = b""
    """How the value itself is written, where the text is in small letters."""
    any_case: bool = False
    """Whether it is one in another case, too."""

    def seen(self, data: bytes, start: int, end: int) -> Needle | None:
        """Return this with the form of a place in a text where it is but for the case; None where it is not it."""
        if data[start:end] == self.written:
            return self
        return self._replace(form="another case") if self.any_case else None

    def places(self, data: bytes) -> Iterator[tuple[int, int, Needle]]:
        """Yield start and end of each place in ``data``, and this."""
        at = data.find(self.text)
        while at >= 0:
            yield at, at + len(self.text), self
            at = data.find(self.text, at + len(self.text))


class Needles:
    """All texts of one kind."""

    def __init__(self) -> None:
        self._all: list[Needle] = []
        self._by_head: dict[bytes, list[Needle]] = defaultdict(list)
        self._shortest = sys.maxsize

    def __repr__(self) -> str:
        return f"<{len(self._all)} needles>"

    def add(self, needle: Needle) -> None:
        """Search for one more."""
        self._all.append(needle)
        self._shortest = min(self._shortest, len(needle.sign))
        self._by_head[needle.text[:HEAD]].append(needle)

    def long_enough(self, runs: bytes) -> bytes:
        """Return those of some runs, one a line, that may hold a sign."""
        return b"\n".join([run for run in runs.split(b"\n") if len(run) >= self._shortest])

    def places(self, data: bytes, part: bytes) -> Iterator[tuple[int, int, Needle]]:
        """Yield start and end of each needle in ``data``; ``part`` has all of it that can hold a sign of one."""
        if len(self._all) * (_EACH_NS + _BYTE_OF_EACH_NS * len(part)) > _BYTE_NS * len(data):
            heads = self._by_head
            for at in [i for i in range(len(data) - HEAD + 1) if data[i : i + HEAD] in heads]:
                for needle in heads[data[at : at + HEAD]]:
                    if data.startswith(needle.text, at):
                        yield at, at + len(needle.text), needle
            return
        for needle in self._all:
            if needle.sign in part:
                yield from needle.places(data)
