"""Known values found in a text in every form, with the place of each: for redaction and for the search for leaks."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from harness.secrets.decoding.escapes import ESCAPES, EscapeReader
from harness.secrets.decoding.layers import DEPTH, Layer, Sought, layers
from harness.secrets.decoding.packed import GOES_ON
from harness.secrets.decoding.runs import longest_run
from harness.secrets.forms import MIN_CHARS, in_any_case
from harness.secrets.needles import Needle, Needles

_RAW = "raw"


class Occurrence(NamedTuple):
    """Where a value is in a text, in bytes."""

    start: int
    end: int
    name: str
    form: str


class KnownValues:
    """Finds values in texts, through layers of encoding."""

    def __init__(self, values: Mapping[str, str] = MappingProxyType({})) -> None:
        """``values`` maps the name of each to the value."""
        self._plain, self._runs, self._base64, self._rare = Needles(), Needles(), Needles(), list[Needle]()
        self._sought = Sought()
        self.count = 0
        """How many can be searched for."""
        for name, value in values.items():
            self.add(name, value)

    def __repr__(self) -> str:
        return f"<{self.count} known values>"

    def add(self, name: str, value: str) -> None:
        """Search for a further value, unless it is too short."""
        if len(value) < MIN_CHARS:
            return
        self.count += 1
        encoded = value.encode(errors="surrogatepass")
        for text in _spellings(encoded):
            run, any_case = longest_run(text), in_any_case(value)
            needle = Needle(text.lower(), name, "", (run or text).lower(), text, any_case)
            (self._runs if run else self._plain).add(needle)
            self._sought.add(text)
        for offset in range(3):
            needle = _needle(_base64(encoded, offset), name, "base64")
            if needle.text.islower():  # no such run is among the mixed ones
                self._rare.append(needle)
            else:
                self._base64.add(needle)
        if not value.isascii():  # the decoders read ASCII in these
            self._rare += [_needle(value.encode(code, "surrogatepass"), name, "utf-16") for code in _WIDE]
            self._rare.append(_needle(encoded.hex().encode(), name, "hex"))

    def find(self, data: bytes, unread: set[str]) -> list[Occurrence]:
        """Return every place of a value, in order; those of one value may overlap.

        ``unread`` takes in words what of the text is beyond a bound, so that a value may be there.
        """
        found = set[Occurrence]()
        if self.count:
            for layer in layers(data, self._sought, unread):
                for start, end, needle in self._in_layer(layer):
                    if origin := layer.origin(start, end):
                        form = " in ".join(filter(None, (needle.form, origin[2])))
                        found.add(Occurrence(origin[0], origin[1], needle.name, form or _RAW))
        return sorted(found, key=lambda one: (one.start, -one.end, len(one.form)))

    def replace(self, text: str, instead: Callable[[str], str]) -> str:
        """Return a text with ``instead(name)`` in place of every value, however it is encoded.

        Of a text that cannot be searched to its end nothing is left.
        """
        data, unread = text.encode(errors="surrogatepass"), set[str]()
        found = self.find(data, unread)
        if unread := unread - {GOES_ON}:
            return f"[REDACTED {' and '.join(sorted(unread))}]"
        if not found:
            return text
        parts, done, until = list[bytes](), 0, -1
        for one in found:
            if one.start >= until:
                parts += data[done : one.start], instead(one.name).encode()
            until = done = max(until, one.end)
        return b"".join([*parts, data[done:]]).decode(errors="surrogatepass")

    def _in_layer(self, layer: Layer) -> Iterator[tuple[int, int, Needle]]:
        letters = layer.letters
        small = layer.data.lower()
        for needles, part in ((self._plain, small), (self._runs, self._runs.long_enough(letters.all).lower())):
            for start, end, needle in needles.places(small, part):
                if seen := needle.seen(layer.data, start, end):
                    yield start, end, seen
        for start, end, needle in self._base64.places(letters.text, self._base64.long_enough(letters.mixed)):
            yield *_whole(layer.data, letters.text, start, end), needle
        for needle in self._rare:
            yield from needle.places(small if needle.form == "hex" else layer.data)


def _needle(text: bytes, name: str, form: str) -> Needle:
    return Needle(text, name, form, text)


def _spellings(value: bytes) -> list[bytes]:
    """Return a value, and what is left of it in a layer that was decoded more often than the value was encoded."""
    spellings = [value, value.replace(b" ", b"+")]
    reader = EscapeReader(ESCAPES)
    for _ in range(DEPTH):
        spellings.append(reader.plain(spellings[-1] if len(spellings) > 2 else value))
    spellings += [_BREAK.sub(instead, text) for text in spellings for instead in (b"", b" ")]
    return [text for text in dict.fromkeys(spellings) if len(text) >= MIN_CHARS]


_WIDE = ("utf-16-le", "utf-16-be")
_BREAK = re.compile(rb"\r?\n[ \t]*")


def _base64(value: bytes, offset: int) -> bytes:
    """Return the Base64 of ``value`` at that offset of a group, without digits that depend on its surroundings."""
    text = base64.b64encode(b"\0" * offset + value)
    return text[(offset * 8 + 5) // 6 : (offset + len(value)) * 8 // 6]


def _whole(data: bytes, letters: bytes, start: int, end: int) -> tuple[int, int]:
    """Return a part of Base64 with the digits on both sides that may carry bits of it too, and the padding."""
    start -= start > 0 and letters[start - 1 : start] != b" "
    end += letters[end : end + 1] not in (b" ", b"")
    return start, end + len(data[end : end + 2]) - len(data[end : end + 2].lstrip(b"="))
