"""Names as different APIs write one thing: without case, marks and plural."""

from __future__ import annotations

import re


def plain(name: str) -> str:
    """Return a key without case and marks: ``nextPageToken``, ``next_page_token`` and ``NextPageToken`` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def singular(word: str) -> str:
    """Return the singular of a regular English plural."""
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
