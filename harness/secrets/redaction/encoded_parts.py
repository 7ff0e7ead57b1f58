"""Parts of secrets at the ends of texts, in every encoding: with the decoders of the search for whole ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from harness.secrets.beginnings import Beginnings
from harness.secrets.decoding.decoded import SEPARATOR
from harness.secrets.decoding.layers import Layer, Sought, layers
from harness.secrets.forms import MIN_CHARS

WINDOW = 16 * 1024
"""Characters of a text at either end that are decoded."""
EDGE = 64
"""Characters at either end that show whether anything is encoded there."""
OFFSETS = 4
"""Places from which Base64 is read: a cut may be within a group."""
REST = 12
"""Characters that a cut leaves of an escape or a number."""
_ENCODED = re.compile(
    r"[%\\&=\0]|[A-Za-z0-9+/_-]{16}|\d, ?\d{1,3}, ?\d|[0-9A-Fa-f]{2}([ :-])[0-9A-Fa-f]{2}\1"
    r"|[A-Za-z0-9+/]{8}\s+[A-Za-z0-9+/]{8}|0x[0-9A-Fa-f]{1,2}\s|\d \d{2,3} \d"
    r"|[\"'`][\s+.&,]{0,40}[\"'`]"
)
_REST = re.compile(rb"[\r\n \t:,\"'`.+-]{0,40}[\w!#$%&()*+;<=>?@^`{|}~/\\-]{0,10}[\r\n]{0,2}")


class Remainder(NamedTuple):
    """What is left of a secret at one end of a text."""

    length: int
    """Characters from that end on, all that carry a bit of it."""
    name: str
    """Of the secret."""


class EncodedParts:
    """Finds parts of some values."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """``values`` maps the name of each to the value; those that are too short are passed over."""
        searched = {_bytes(value): name for name, value in values.items() if len(value) >= MIN_CHARS}
        self._name_of = {_text(value): name for value, name in searched.items()}
        self._sought = Sought()
        for value in searched:
            self._sought.add(value)
        self._beginnings = Beginnings(self._name_of)
        self._ends = Beginnings(value[::-1] for value in self._name_of)
        self._longest = max(map(len, self._name_of), default=0)

    def __repr__(self) -> str:
        return f"<parts of {len(self._name_of)} values>"

    def at_end(self, text: str, least: int) -> Remainder | None:
        """Return the longest beginning of a value, of ``least`` bytes or more, with which a text ends."""
        if not _ENCODED.search(text, max(0, len(text) - EDGE)):
            return None
        window, found = _bytes(text[-WINDOW:]), Remainder(0, "")
        for layer, start, end in self._parts(window):
            last = layer.origin(end - 1, end)
            if last is not None and not _REST.fullmatch(window, last[1]):
                continue
            for stop in range(max(start + 1, end - REST), end + 1):
                part = _text(layer.data[max(start, stop - self._longest) : stop])
                length = self._beginnings.at_end(part)
                origin = layer.origin(stop - length, stop) if length >= least else None
                if origin and origin[2] and _REST.fullmatch(window, origin[1]):
                    name = self._whose(part[-length:], str.startswith)
                    found = max(found, Remainder(len(_text_of(window[origin[0] :])), name))
        return found if found.length else None

    def at_start(self, text: str, least: int) -> Remainder | None:
        """Return the longest end of a value, of ``least`` bytes or more, with which a text begins."""
        if not _ENCODED.search(text, 0, EDGE):
            return None
        found = Remainder(0, "")
        for offset in range(OFFSETS):
            window = _bytes(text[offset : offset + WINDOW])
            for layer, begin, end in self._parts(window):
                for start in range(begin, min(begin + REST, end)):
                    part = _text(layer.data[start : min(start + self._longest, end)])
                    length = self._ends.at_end(part[::-1])
                    origin = layer.origin(start, start + length) if length >= least else None
                    if origin and (origin[2] or length >= MIN_CHARS) and origin[0] <= REST:
                        chars = offset + len(_text_of(window[: origin[1]]))
                        found = max(found, Remainder(chars, self._whose(part[:length], str.endswith)))
        return found if found.length else None

    def whole(self, text: str, least: int) -> str:
        """Return the name of a value of which a text is a part; empty where it is of none."""
        if len(text) > WINDOW or not _ENCODED.search(text):
            return ""
        for offset in range(OFFSETS):
            window = _bytes(text[offset:])
            for layer, begin, stop in self._parts(window):
                if stop - begin > self._longest + 2 * REST:
                    continue
                for start, end in product(range(begin, begin + REST), range(stop - REST + 1, stop + 1)):
                    part = _text(layer.data[start:end])
                    name = self._whose(part, str.__contains__) if end - start >= least else ""
                    origin = layer.origin(start, end) if name else None
                    if origin and origin[2] and origin[0] <= REST and _REST.fullmatch(window, origin[1]):
                        return name
        return ""

    def _parts(self, window: bytes) -> Iterator[tuple[Layer, int, int]]:
        """Yield what a text decodes to, with where each part of it begins and ends that is one in the text, too."""
        for layer in layers(window, self._sought, set()):
            start = 0
            for part in layer.data.split(SEPARATOR):
                if part:
                    yield layer, start, start + len(part)
                start += len(part) + len(SEPARATOR)

    def _whose(self, part: str, has: Callable[[str, str], bool]) -> str:
        return next((name for value, name in self._name_of.items() if has(value, part)), "")


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _text_of(data: bytes) -> str:
    return data.decode(errors="surrogatepass")
