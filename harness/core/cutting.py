"""Cuts texts that may hold a secret: a mark stands where each was cut, by which redaction finds what is left of one.

A secret across a cut is no longer the known value. Only the owner of the values can take its rest away, and it does so
at these marks: see `harness.secrets.redaction.cut_secrets`. So nothing in the project cuts such a text in another way.
"""

from __future__ import annotations

from typing import overload

MARK, MARK_OF_BYTES = "\N{HORIZONTAL ELLIPSIS}", b"..."


@overload
def cut(text: str, most: int) -> str: ...
@overload
def cut(text: bytes, most: int) -> bytes: ...
def cut(text: str | bytes, most: int) -> str | bytes:
    """Return the beginning of a text, at most ``most`` long with the mark that ends it where it is longer."""
    if len(text) <= most:
        return text
    if isinstance(text, str):
        return text[: most - len(MARK)] + MARK
    return text[: most - len(MARK_OF_BYTES)] + MARK_OF_BYTES


def cut_before(text: str, most: int) -> str:
    """Return the end of a text, at most ``most`` characters with the mark that begins it if it is longer."""
    return text if len(text) <= most else MARK + text[len(text) - most + len(MARK) :]
