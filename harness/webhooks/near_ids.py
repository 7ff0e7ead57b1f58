"""Ids that differ from another one in a single character: two events all the same, of a receiver that knows its ids."""

from __future__ import annotations

import string
from collections.abc import Mapping

from harness.webhooks.similar_ids import alphabets_of, begins_with_time


def near_ids(old: str) -> Mapping[str, str]:
    """Return ids of the kind of ``old`` that its issuer could give too, by what differs.

    The first character differs only where ids do not begin with a time, and the case only where both occur.
    """
    alphabets = alphabets_of(old)
    varied = [at for at, alphabet in enumerate(alphabets) if len(alphabet) > 1]
    cased = [at for at in varied if old[at] in string.ascii_letters and old[at].swapcase() in alphabets[at]]
    found = {}
    if varied:
        found["the last character"] = _with(old, varied[-1], _next(old[varied[-1]], alphabets[varied[-1]]))
    if cased:
        at = next((at for at in reversed(cased) if at != varied[-1]), cased[-1])  # the last character is its own row
        found["the case of a letter"] = _with(old, at, old[at].swapcase())
    if varied and not begins_with_time(old):
        found["the first character that varies"] = _with(old, varied[0], _next(old[varied[0]], alphabets[varied[0]]))
    return found


def _next(character: str, alphabet: str) -> str:
    """Return the character after this one, so that it is another letter and not the other case of one."""
    following = alphabet[(alphabet.index(character) + 1) % len(alphabet)]
    return following if following.lower() != character.lower() else _next(following, alphabet)


def _with(text: str, at: int, character: str) -> str:
    return text[:at] + character + text[at + 1 :]
