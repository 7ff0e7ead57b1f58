"""What is left of a secret at the place where a text was cut, by us (`harness.core.cutting`) or by another program.

pytest, for one, writes three dots in the middle of a long value.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

LEAST = 3
"""Fewest characters of a secret that count as a part of it: fewer would be found by chance, and reveal nothing."""
_MARKS = re.compile(r"(?:(?<!\s)\s+)?(?:\N{HORIZONTAL ELLIPSIS}|\.\.\.|\\u2026)\s*")


class Forms(NamedTuple):
    """One secret."""

    placeholder: str
    """What replaces it."""
    texts: tuple[str, ...]
    """Every form of it, the longest first."""


def without_parts(text: str, secrets: Collection[Forms]) -> str:
    """Return a text without the beginnings of secrets before a mark, their ends behind one, and what is between two."""
    if not (marks := [mark.span() for mark in _MARKS.finditer(text)]):
        return text
    starts, ends = [0, *(end for _, end in marks)], [*(start for start, _ in marks), len(text)]
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    pieces[1:-1] = [_unless_inside(piece, secrets) for piece in pieces[1:-1]]
    pieces[1:] = [_without_end(piece, secrets) for piece in pieces[1:]]
    pieces[:-1] = [_without_beginning(piece, secrets) for piece in pieces[:-1]]
    written = [text[start:end] for start, end in marks]
    return "".join(part for pair in zip(pieces, [*written, ""], strict=True) for part in pair)


def _unless_inside(text: str, secrets: Collection[Forms]) -> str:
    """Return a text that was cut on both sides, unless it is a part of a secret."""
    found = (
        placeholder for placeholder, texts in secrets if len(text) >= LEAST and any(text in form for form in texts)
    )
    return next(found, text)


def _without_beginning(text: str, secrets: Collection[Forms]) -> str:
    """Return a text without the longest beginning of a secret at its end."""
    start, instead = len(text), ""
    for placeholder, texts in secrets:
        for form in texts:
            at = text.find(form[:LEAST], max(0, len(text) - len(form)))
            while 0 <= at < start and not form.startswith(text[at:]):
                at = text.find(form[:LEAST], at + 1)
            if 0 <= at < start:
                start, instead = at, placeholder
    return text[:start] + instead


def _without_end(text: str, secrets: Collection[Forms]) -> str:
    """Return a text without the longest end of a secret at its beginning."""
    stop, instead = 0, ""
    for placeholder, texts in secrets:
        for form in texts:
            at = text.rfind(form[-LEAST:], 0, len(form))
            while at >= 0 and at + LEAST > stop and not form.endswith(text[: at + LEAST]):
                at = text.rfind(form[-LEAST:], 0, at + LEAST - 1)
            if at >= 0 and at + LEAST > stop:
                stop, instead = at + LEAST, placeholder
    return instead + text[stop:]
