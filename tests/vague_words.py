"""Words that readers stumble over, and what to write instead: one list for all that people read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

VAGUE_WORDS = {
    "told|tells?|telling": "report, print, show, return",
    "said|says?|saying": "state, describe, declare, or the fact itself",
    "kept": "stored",
    "owe[ds]?": "expected, required",
    "lack(?:s|ed)?": "is missing, has no",
    "whoever": "name the person or the program",
    "anew": "again",
    "mend(?:s|ed)?": "correct, fix",
    "cop(?:e|es|ed|ing) with": "a sentence of the row's own",
    "speaks? to": "verifies, is about",
    "stands? in": "is in",
    "looked at": "checked",
    "nothing wrong": "no problems",
    "that (?:is|are) none": "that is not one",
    "as it must be": "what was expected",
    "as far as is known": "nothing shows that",
}
"""Patterns of vague words, each with what to write in its place."""
VAGUE_IN_CHECKS = VAGUE_WORDS | {
    "keeps?": "stores",
    "cop(?:e|es|ed)": "a sentence of the row's own",
    "must be": "what was expected",
    "would have": "what happened",
}
"""The texts of a check are short, and need none of these either."""


def vague_words(text: str, words: Mapping[str, str] = VAGUE_WORDS) -> Iterator[tuple[str, str]]:
    """Yield each vague word of a text, with what to write instead."""
    for pattern, instead in words.items():
        for match in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE):
            yield match[0], instead
