"""Which known name another one misspells; its opposite, and one with another number, are names of their own."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_OPPOSITE = re.compile(r"(?:non|not|dis|un|in|im|ir|il|de)[-_ ]?", re.IGNORECASE)
"""What turns a word into its opposite: ``valid`` and ``invalid``, ``delivered`` and ``undelivered``."""
_NUMBER = re.compile(r"\d+")


def misspelt_as(name: str, known: Iterable[str], similarity: float) -> str:
    """Return the nearest of ``known`` that is at least so similar, from 0 to 1 (`difflib`); empty where none is."""
    likely = sorted(each for each in known if not _differ_on_purpose(name, each))
    return next(iter(difflib.get_close_matches(name, likely, n=1, cutoff=similarity)), "")


def _differ_on_purpose(one: str, other: str) -> bool:
    """Whether two names are opposites, or differ in their numbers alone: ``us-east-1`` and ``us-east-2``."""
    if one != other and _NUMBER.sub("0", one) == _NUMBER.sub("0", other):
        return True
    short, long = sorted((one, other), key=len)
    return bool(short) and long.endswith(short) and _OPPOSITE.fullmatch(long.removesuffix(short)) is not None
