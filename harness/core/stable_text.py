"""Texts without what changes from run to run, so that the id of a finding can be derived from them."""

from __future__ import annotations

import re

_ORIGIN = re.compile(r"\b[a-z][a-z0-9+.-]*://[^/?#\s'\"]+", re.IGNORECASE)
_PORT = re.compile(r"(?<=[\w\]]):\d{2,5}\b")
_FOLDERS = re.compile(
    r"(?<![\w.])(?:/(?:tmp|var|home|root|usr|opt|private|Users|work)|[A-Za-z]:)[\\/](?:[^\\/\s'\"]+[\\/])*"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?")
_TOKEN = re.compile(r"\b(?=[\w-]*\d)[\w-]{8,}\b")
_INDEX = re.compile(r"(?<=/)\d+(?=[/?#\s:)]|$)|(?<=\[)\d+(?=\])")
_NUMBER = re.compile(r"(?<!\d)\d+\.\d+|\b\d{4,}\b|\b\d+(?=\s?(?:ms|s|m|h|d|seconds?|minutes?|bytes?|[kMG]i?B|%)(?!\w))")
_ANY = "#"
_VALUE = re.compile(
    r"^(?P<title>[^:'\"{]+: )?.+? (?P<verb>(?:is not|is longer|is shorter|is less|is greater|is too|does not|"
    r"has less|has more|has non-unique|was expected)\b)",
    re.DOTALL,
)


def stable(text: str) -> str:
    """Return a text with ``#`` in place of origins, ports, folders, moments, ids, and numbers that measure something.

    Statuses and other numbers of up to three digits remain: they are what is wrong.
    """
    for pattern in (_ORIGIN, _FOLDERS, _MOMENT, _PORT, _TOKEN, _INDEX, _NUMBER):
        text = pattern.sub(_ANY, text)
    return text


def stable_complaint(text: str) -> str:
    """Return what a validator complains about, also without the value at its beginning, which is an example's.

    ``17 is not of type 'string' (at /items/0/name)`` is ``# is not of type 'string' (at /items/#/name)``.
    """
    return stable(_VALUE.sub(rf"\g<title>{_ANY} \g<verb>", text, count=1))
