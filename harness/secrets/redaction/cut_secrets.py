"""What is left of a secret at the place where a text was cut, by us (`harness.core.cutting`) or by another program.

pytest, for one, writes three dots in the middle of a long value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

LEAST = 3
"""Fewest characters of a secret that count as a part of it: fewer would be found by chance, and reveal nothing."""
_MARKS = re.compile(r"\s*(?:\N{HORIZONTAL ELLIPSIS}|\.\.\.|\\u2026)\s*")


def without_parts(text: str, forms: Mapping[str, Iterable[str]]) -> str:
    """Return a text without the beginnings of secrets before a mark, their ends behind one, and what is between two.

    ``forms`` has every form of a secret by what is written in its place.
    """
    if not (marks := [mark.span() for mark in _MARKS.finditer(text)]):
        return text
    starts, ends = [0, *(end for _, end in marks)], [*(start for start, _ in marks), len(text)]
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    pieces[1:-1] = [_unless_inside(piece, forms) for piece in pieces[1:-1]]
    pieces[1:] = [_without_end(piece, forms) for piece in pieces[1:]]
    pieces[:-1] = [_without_beginning(piece, forms) for piece in pieces[:-1]]
    written = [text[start:end] for start, end in marks]
    return "".join(part for pair in zip(pieces, [*written, ""], strict=True) for part in pair)


def _unless_inside(text: str, forms: Mapping[str, Iterable[str]]) -> str:
    """Return a text that was cut on both sides, unless it is a part of a secret."""
    found = (label for label, texts in forms.items() if len(text) >= LEAST and any(text in form for form in texts))
    return next(found, text)


def _without_beginning(text: str, forms: Mapping[str, Iterable[str]]) -> str:
    """Return a text without the longest beginning of a secret at its end."""
    start, name = len(text), ""
    for label, texts in forms.items():
        for form in texts:
            at = text.find(form[:LEAST], max(0, len(text) - len(form)))
            while 0 <= at < start and not form.startswith(text[at:]):
                at = text.find(form[:LEAST], at + 1)
            if 0 <= at < start:
                start, name = at, label
    return text[:start] + name


def _without_end(text: str, forms: Mapping[str, Iterable[str]]) -> str:
    """Return a text without the longest end of a secret at its beginning."""
    stop, name = 0, ""
    for label, texts in forms.items():
        for form in texts:
            at = text.rfind(form[-LEAST:], 0, len(form))
            while at >= 0 and at + LEAST > stop and not form.endswith(text[: at + LEAST]):
                at = text.rfind(form[-LEAST:], 0, at + LEAST - 1)
            if at >= 0 and at + LEAST > stop:
                stop, name = at + LEAST, label
    return name + text[stop:]
