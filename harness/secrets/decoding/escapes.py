"""Escapes of single characters, which can stand anywhere within a text: one table, read in one pass."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from heapq import merge
from typing import NamedTuple

_HEX = "[0-9A-Fa-f]"
_SIGNS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"a": b"\a", b"0": b"\0"}
_NEEDED = frozenset(b"\0\r\n%&#;\\+/:,0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
"""Bytes of deeper encodings, of letters, and of breaks of lines."""


class Escape(NamedTuple):
    """One way to write one character."""

    form: str
    first: str
    """The character with which it begins."""
    rest: str
    """A regular expression without groups for what follows."""
    decode: Callable[[bytes], bytes]


def _character(digits: bytes, base: int = 16) -> bytes:
    """Return a character in UTF-8 by its number; nothing for a number that no character has."""
    number = int(digits, base)
    return chr(number).encode(errors="surrogatepass") if number <= 0x10FFFF else b""


def _pair(text: bytes) -> bytes:
    high, low = int(text[2:6], 16), int(text[8:12], 16)
    return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)).encode()


def _entity(text: bytes) -> bytes:
    return html.unescape(text.decode()).encode(errors="surrogatepass")


ESCAPES = (
    Escape("url", "%", f"u{_HEX}{{4}}", lambda text: _character(text[2:])),
    Escape("url", "%", f"{_HEX}{{2}}", lambda text: bytes.fromhex(text[1:].decode())),
    Escape("json", "\\", rf"u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}", _pair),
    Escape("json", "\\", f"u{_HEX}{{4}}", lambda text: _character(text[2:])),
    Escape("json", "\\", rf"u\{{{_HEX}{{1,8}}\}}", lambda text: _character(text[3:-1])),
    Escape("repr", "\\", f"U{_HEX}{{8}}", lambda text: _character(text[2:])),
    Escape("repr", "\\", f"x{_HEX}{{2}}", lambda text: bytes.fromhex(text[2:].decode())),
    Escape("octal", "\\", "[0-3][0-7]{2}", lambda text: bytes((int(text[1:], 8),))),
    Escape("wrapped", "\\", r"\r?\n[ \t]*", lambda _: b""),
    Escape("json", "\\", r"[^\r\n]", lambda text: _SIGNS.get(text[1:], text[1:])),
    Escape(
        "html", "&", rf"\#(?:0{{0,20}}[0-9]{{1,7}}|[xX]0{{0,20}}{_HEX}{{1,6}});?|[A-Za-z][A-Za-z0-9]{{1,30}};", _entity
    ),
    Escape("colour", "\x1b", r"\[[0-9;:?]{0,30}[A-Za-z]", lambda _: b""),
    Escape("invisible", "\xe2", r"\x80[\x8b-\x8f]|\x81\xa0", lambda _: b""),
    Escape("invisible", "\xef", r"\xbb\xbf", lambda _: b""),
    Escape("invisible", "\xc2", r"\xad", lambda _: b""),
)
"""An earlier row goes before a later one. The last ones stand for nothing: a terminal shows a value without them."""
QUOTED_PRINTABLE = (
    Escape("quoted-printable", "=", "[0-9A-F]{2}", lambda text: bytes.fromhex(text[1:].decode())),
    Escape("quoted-printable", "=", r"[ \t]*\r?\n", lambda _: b""),
)
"""RFC 2045 section 6.7. Apart, for ``token=AB`` is no escape in most texts."""


class EscapeReader:
    """Finds and reads the escapes of a table."""

    def __init__(self, escapes: tuple[Escape, ...], needless: frozenset[int] = frozenset()) -> None:
        """``needless`` are characters that need not be read, which stay as they are written."""
        self._escapes = escapes
        self._patterns = _compiled(escapes, needless)
        self.hint = tuple(first for first, _ in self._patterns)
        """With which of them each begins."""

    def __repr__(self) -> str:
        return f"<reader of {', '.join(dict.fromkeys(escape.form for escape in self._escapes))}>"

    def matches(self, text: bytes) -> Iterator[re.Match[bytes]]:
        """Yield every escape, in order."""
        until = 0
        searches = [pattern.finditer(text) for first, pattern in self._patterns if first in text]
        for found in merge(*searches, key=re.Match.start):
            if found.start() >= until:  # as in ``\\%41``, where what is escaped seems to begin another
                until = found.end()
                yield found

    def read(self, found: re.Match[bytes]) -> tuple[bytes, str]:
        """Return what one match stands for, and the form."""
        escape = self._escapes[int((found.lastgroup or "_0")[1:])]
        return escape.decode(found[0]), escape.form

    def plain(self, text: bytes) -> bytes:
        """Return a text with every escape read once."""
        parts, done = list[bytes](), 0
        for found in self.matches(text):
            parts += text[done : found.start()], self.read(found)[0]
            done = found.end()
        return b"".join([*parts, text[done:]])


@lru_cache(maxsize=64)
def _compiled(escapes: tuple[Escape, ...], needless: frozenset[int]) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    """Return for each character with which an escape begins a pattern with a group ``_NUMBER`` for each row of it.

    One character alone is what the engine finds fastest.
    """
    patterns = []
    skipped = _skipped(needless) if needless else ""
    for first in dict.fromkeys(escape.first for escape in escapes):
        rows = [f"(?P<_{number}>{row.rest})" for number, row in enumerate(escapes) if row.first == first]
        pattern = f"{re.escape(first)}{skipped}(?:{'|'.join(rows)})"
        patterns.append((first.encode("latin-1"), re.compile(pattern.encode("latin-1"))))
    return tuple(patterns)


def _skipped(needless: frozenset[int]) -> str:
    """Return what no escape matches: one for a character that need not be read."""
    by_digit = {high: "".join(f"{byte & 15:x}" for byte in needless if byte >> 4 == high) for high in range(16)}
    numbers = "|".join(f"{high:x}[{lows}]" for high, lows in by_digit.items() if lows)
    beyond = r"|(?<=\\)u(?!00|d[89ab])" if needless.issuperset(range(0x80, 0x100)) else ""
    signs = re.escape(bytes(sorted(needless - {*range(ord("a"), ord("z") + 1)})).decode("latin-1"))
    return rf"(?!(?i:(?:(?<=[%=])|(?<=\\)(?:u00|x))(?:{numbers}){beyond})|(?<=\\)[{signs}])"


def needless(values: Iterable[bytes]) -> frozenset[int]:
    """Return the characters that no value, and no deeper encoding of one, contains.

    Most escapes in logs are quotation marks in JSON.
    """
    values = list(values)
    unneeded = frozenset(range(256)).difference(_NEEDED, *values)
    return unneeded if all(value.isascii() for value in values) else unneeded & frozenset(range(0x80))
