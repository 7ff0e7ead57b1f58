"""Runs of characters that stand for other bytes: Base64, hexadecimal, UTF-16, numbers of bytes, and what these pack."""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from harness.secrets.decoding.base32 import base32_runs, base32_texts
from harness.secrets.decoding.decoded import WHOLE
from harness.secrets.decoding.packed import readable, unpacked

LEAST = 10
"""Base64 digits of the shortest value, without those that its neighbours share."""
LEAST_NESTED = 16
FEW = 64
"""Runs that are found faster one after another than by a pattern."""
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LETTERS = bytes({45: 43, 95: 47}.get(c, c if c in _ALPHABET + b"-_" else 32) for c in range(256))
_HEX = b"0123456789abcdefABCDEF"
_DIGITS = bytes(ord("h") if c in _HEX else ord(":") if c in b" :-," else 0 for c in range(256))
_COMMAS = bytes(ord("h") if c in _HEX else c if c == ord(",") else ord("x") if c in b"xX" else 0 for c in range(256))
_PAIR = "[2-7][0-9a-f]"
_HEX_TEXTS = tuple(
    (sign, re.compile(f"{start}(?:[0-9a-f]{{2}})+".encode()))
    for sign, start in ((b"lllllll", _PAIR * 7), (b"l0l0l0l0", f"{_PAIR}00" * 4), (b"180", "1f8b08"))
)
"""Letters, letters in UTF-16, and compressed text: most hexadecimal numbers in logs are none of these. A sign has
what every second digit of it is, where l stands for one with which a letter begins."""
_SIGNS = bytes(ord("l") if c in b"234567" else c if c in b"0189abcdef" else 32 for c in range(256))
_HEX_PAIRS = re.compile(rb"[0-9A-Fa-f]{2}([ :-]|, ?)[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){6,}")
_PREFIXED = re.compile(rb"0[xX][0-9A-Fa-f]{1,2}(?:(?:[,;]\s{0,40}|\s{1,40})0[xX][0-9A-Fa-f]{1,2}){7,}")
_NUMBERS = re.compile(rb"\b\d{1,3}(?:,\s{0,40}\d{1,3}){7,}")
_APART = re.compile(rb"\b\d{2,3}(?:\s{1,40}\d{2,3}){7,}\b")
_TWO_EACH = b":".join([b"hh"] * 8)
_CHEAP = 64 * 1024
"""Bytes of a text, such as the rest of one that was cut, in which also few letters in a row may be looked for."""
_SPLIT = re.compile(rb"[,;\s]+")
_LONG = re.compile(rb"[^ ]{16,}")
_CUTS = re.compile(rb"[/+]")
MAX_PREFIX = 64
"""Characters before a run within which a slash may end another word."""
_WIDE = re.compile(rb"(?:[^\0]\0{3}){4,}|(?:\0{3}[^\0]){4,}|(?:[^\0]\0){4,}[^\0]?|(?:\0[^\0]){4,}")


class Letters(NamedTuple):
    """A text as Base64 sees it."""

    text: bytes
    """In the standard alphabet, a space for everything else; as long as the text."""
    mixed: bytes
    """The distinct runs of it that are long enough, one a line, without those without capitals.

    Base64 of a value has capitals; a number in hexadecimal, an identifier, a path has none."""
    all: bytes
    """The distinct runs of it that are long enough, one a line."""

    def beside(self, source: Letters) -> Letters:
        """Return what only this text has: a run stands for the same in the text that it was decoded from."""
        return _letters(self.text, set(self.all.split(b"\n")).difference(source.all.split(b"\n")))


def letters(data: bytes) -> Letters:
    """Return the runs of Base64 digits in a text."""
    text = data.translate(_LETTERS)
    return _letters(text, [run for run in set(text.split()) if len(run) >= LEAST])


def _letters(text: bytes, runs: Collection[bytes]) -> Letters:
    return Letters(text, b"\n".join([run for run in runs if not run.islower()]), b"\n".join(runs))


def longest_run(value: bytes) -> bytes:
    """Return what the distinct runs of each text with a value hold, as `letters` writes it; empty where none need."""
    run = max(value.translate(_LETTERS).split(), key=len, default=b"")
    return run if len(run) >= LEAST else b""


class EncodedRun(NamedTuple):
    """A run, and what it stands for."""

    start: int
    end: int
    content: bytes
    form: str
    per: tuple[int, int] = WHOLE


def nested(data: bytes, seen: Letters, unread: set[str]) -> Iterator[EncodedRun]:
    """Yield every run of a text that stands for a text, or packs one, and not all that could.

    ``unread`` takes what is beyond a bound.
    """
    yield from _base64(data, seen, unread)
    yield from _hexadecimal(seen, unread)
    yield from _base32(data, seen)
    yield from _pairs(data, unread)
    if b"\0" in data:
        yield from _wide(data)


def _base64(data: bytes, seen: Letters, unread: set[str]) -> Iterator[EncodedRun]:
    runs = (run for run in seen.mixed.split(b"\n") if len(run) >= LEAST_NESTED)
    worth = {run: inner for run in runs if (inner := _opened(run, unread))}
    for start, run in _places(seen.text, worth, _LONG):
        for offset, content, per in worth.get(run, ()):
            end = start + len(run)
            padding = len(data[end : end + 2]) - len(data[end : end + 2].lstrip(b"="))
            yield EncodedRun(start + offset, end + padding, content, "base64", per)


def _places(text: bytes, runs: Collection[bytes], pattern: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield where each of some runs is: one after another where they are few, else all that match a pattern."""
    if len(runs) > FEW:
        yield from ((found.start(), found[0]) for found in pattern.finditer(text))
        return
    for run in runs:
        at = text.find(run)
        while at >= 0:
            yield at, run
            at = text.find(run, at + len(run))


def _opened(run: bytes, unread: set[str]) -> list[tuple[int, bytes, tuple[int, int]]]:
    """Return what a run stands for, from its beginning and from behind each slash, with the offset there."""
    starts = [0, *(cut.end() for cut in _CUTS.finditer(run, 0, MAX_PREFIX) if len(run) - cut.end() >= LEAST_NESTED)]
    found = []
    for start in starts:
        digits = run[start:]
        plain = binascii.a2b_base64(digits[: len(digits) - (len(digits) % 4 == 1)] + b"==")
        if readable(plain):
            found.append((start, plain, (4, 3)))
        elif content := unpacked(plain, unread):
            found.append((start, content, WHOLE))
    return found


def _base32(data: bytes, seen: Letters) -> Iterator[EncodedRun]:
    worth = {run: texts for run in base32_runs(seen.all) if (texts := list(base32_texts(run)))}
    for start, run in _places(seen.text, worth, _LONG):
        for offset, content in worth.get(run, ()):
            end = start + len(run)
            padding = len(data[end : end + 6]) - len(data[end : end + 6].lstrip(b"="))
            yield EncodedRun(start + offset, end + padding, content, "base32", (8, 5))


def _hexadecimal(seen: Letters, unread: set[str]) -> Iterator[EncodedRun]:
    runs = seen.all.lower()
    signs = runs.translate(_SIGNS)
    for sign, pattern in _HEX_TEXTS:
        texts = _hex_texts(runs, signs, sign, pattern)
        worth = {digits: found for digits in set(texts) if (found := list(_hex_text(digits, unread)))}
        if not worth:
            continue
        for place, digits in _places(seen.text.lower(), worth, pattern):
            for run in worth.get(digits, ()):
                yield run._replace(start=place + run.start, end=place + run.end)


def _hex_texts(runs: bytes, signs: bytes, sign: bytes, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
    """Yield what a pattern finds in runs, where its sign is: that is found much faster."""
    until = 0
    for at in sorted([*_every_second(signs, sign, 0), *_every_second(signs, sign, 1)]):
        if at >= until and (found := pattern.match(runs, at)):
            until = found.end()
            yield found[0]


def _every_second(signs: bytes, sign: bytes, first: int) -> Iterator[int]:
    """Yield where a sign begins, of which two characters are apart."""
    half = signs[first::2]
    at = half.find(sign)
    while at >= 0:
        yield first + 2 * at
        at = half.find(sign, at + 1)


def _hex_text(digits: bytes, unread: set[str]) -> Iterator[EncodedRun]:
    """Yield what digits stand for, and without the first, which may belong to something else."""
    for start in (0, 1):
        plain = bytes.fromhex(digits[start : start + (len(digits) - start) // 2 * 2].decode())
        yield from _run(start, start + 2 * len(plain), plain, (2, 1), unread)


def _run(start: int, end: int, plain: bytes, per: tuple[int, int], unread: set[str]) -> Iterator[EncodedRun]:
    if readable(plain):
        yield EncodedRun(start, end, plain, "hex", per)
    elif content := unpacked(plain, unread):
        yield EncodedRun(start, end, content, "hex")


def _pairs(data: bytes, unread: set[str]) -> Iterator[EncodedRun]:
    """Yield bytes that are written one by one: ``73:65``, ``0x73, 0x65``, ``115, 101`` and ``115 101``."""
    digits = data.translate(_DIGITS)
    two_each = _TWO_EACH in digits
    if two_each or b"::".join([b"hh"] * 8) in digits:
        for found in _HEX_PAIRS.finditer(data):
            plain = bytes.fromhex(found[0].translate(None, b":-, ").decode())
            yield from _run(*found.span(), plain, (2 + len(found[1]), 1), unread)
    if two_each or b":hhh:hhh:" in digits or (len(data) <= _CHEAP and _TWO_EACH in digits.replace(b"hhh", b"hh")):
        yield from _numbers(data, _APART, 10)
    dense = data.translate(_COMMAS, b" \t\r\n")
    listed = b"h,h" in dense
    if (listed and b"h,hx" in dense) or b"hxhhhxhhhx" in dense:
        yield from _numbers(data, _PREFIXED, 16)
    if listed and (b"h,hhh,h" in dense or b"h,hh,h" in dense):
        yield from _numbers(data, _NUMBERS, 10)


def _numbers(data: bytes, pattern: re.Pattern[bytes], base: int) -> Iterator[EncodedRun]:
    for found in pattern.finditer(data):
        numbers = [int(number, base) for number in _SPLIT.split(found[0])]
        if max(numbers) < 256 and readable(bytes(numbers)):
            yield EncodedRun(*found.span(), bytes(numbers), "numbers")


def _wide(data: bytes) -> Iterator[EncodedRun]:
    """Yield texts in UTF-16 and UTF-32, in either order of bytes; what is not ASCII ends them."""
    for found in _WIDE.finditer(data):
        width = 4 if found[0][:2] == b"\0\0" or found[0][2:4] == b"\0\0" else 2
        first = width - 1 if found[0][:1] == b"\0" else 0
        yield EncodedRun(*found.span(), found[0][first::width], "utf-16" if width == 2 else "utf-32", (width, 1))
