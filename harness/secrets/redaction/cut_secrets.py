"""What is left of a secret at the place where a text was cut, by us (`harness.core.cutting`) or by another program.

pytest, for one, writes three dots in the middle of a long value. The usual forms of a value are compared as texts, all
others by `EncodedParts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import NamedTuple

from harness.secrets.redaction.encoded_parts import EncodedParts

LEAST = 3
"""Fewest characters of a secret that count as a part of it: fewer would be found by chance, and reveal nothing."""
_MARKS = re.compile(r"(?:(?<!\s)\s+)?(?:\N{HORIZONTAL ELLIPSIS}|\.\.\.|\\u2026)\s*")


class Forms(NamedTuple):
    """One secret."""

    placeholder: str
    """What replaces it."""
    texts: tuple[str, ...]
    """Every form of it, the longest first."""


def without_parts(text: str, secrets: Collection[Forms], encoded: Callable[[], EncodedParts]) -> str:
    """Return a text without the beginnings of secrets before a mark, their ends behind one, and what is between two.

    ``encoded`` is asked for what finds those in any encoding, where there is a mark.
    """
    if not (marks := [mark.span() for mark in _MARKS.finditer(text)]):
        return text
    starts, ends = [0, *(end for _, end in marks)], [*(start for start, _ in marks), len(text)]
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    parts = encoded()
    pieces[1:-1] = [_unless_inside(piece, secrets, parts) for piece in pieces[1:-1]]
    pieces[1:] = [_without_end(piece, secrets, parts) for piece in pieces[1:]]
    pieces[:-1] = [_without_beginning(piece, secrets, parts) for piece in pieces[:-1]]
    written = [text[start:end] for start, end in marks]
    return "".join(part for pair in zip(pieces, [*written, ""], strict=True) for part in pair)


def _unless_inside(text: str, secrets: Collection[Forms], encoded: EncodedParts) -> str:
    """Return a text that was cut on both sides, unless it is a part of a secret."""
    found = (
        placeholder for placeholder, texts in secrets if len(text) >= LEAST and any(text in form for form in texts)
    )
    return next(found, "") or encoded.whole(text, LEAST) or text


def _without_beginning(text: str, secrets: Collection[Forms], encoded: EncodedParts) -> str:
    """Return a text without the longest beginning of a secret at its end."""
    start, instead = len(text), ""
    for placeholder, texts in secrets:
        for form in texts:
            at = text.find(form[:LEAST], max(0, len(text) - len(form)))
            while 0 <= at < start and not form.startswith(text[at:]):
                at = text.find(form[:LEAST], at + 1)
            if 0 <= at < start:
                start, instead = at, placeholder
    part = encoded.at_end(text, LEAST)
    if part and len(text) - part.length < start:
        start, instead = len(text) - part.length, part.name
    return text[:start] + instead


def _without_end(text: str, secrets: Collection[Forms], encoded: EncodedParts) -> str:
    """Return a text without the longest end of a secret at its beginning."""
    stop, instead = 0, ""
    for placeholder, texts in secrets:
        for form in texts:
            at = text.rfind(form[-LEAST:], 0, len(form))
            while at >= 0 and at + LEAST > stop and not form.endswith(text[: at + LEAST]):
                at = text.rfind(form[-LEAST:], 0, at + LEAST - 1)
            if at >= 0 and at + LEAST > stop:
                stop, instead = at + LEAST, placeholder
    part = encoded.at_start(text, LEAST)
    if part and part.length > stop:
        stop, instead = part.length, part.name
    return instead + text[stop:]
