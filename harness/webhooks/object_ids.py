"""Finds the id of the object that an event is about, and gives the event another object of the same kind."""

from __future__ import annotations

import re
import secrets
import string
from collections import deque
from typing import Any

import msgspec

from harness.core.pointers import at_key
from harness.model import Event
from harness.openapi.event_bodies import readable_document

MOST_KEYS = 2
"""Places of an event in which the id of its object is looked for, the outermost first."""
_VARIED, _LEAST_VARIED = 12, 6
"""Characters at the end of an id that are replaced: within the last group of a UUID, and enough to be unique."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_HEX = "abcdef"
_LETTERS = "abcdefghjkmnpqrstvwxyz"
"""Letters of every alphabet of ids: base 62, base 58, and Crockford's base 32."""


def object_keys(event: Event, named: str | None = None) -> tuple[str, ...]:
    """Return the dotted keys at which the event may have the id of its object, most likely first.

    ``named`` is the key that harness.toml gives. An id that is too short to be replaced by a unique one of the same
    form is left out, and so is the event's own.
    """
    document = readable_document(event.headers, event.body)
    keys = ([named] if named else []) + _keys_of_ids(document)
    usable = [key for key in dict.fromkeys(keys) if _can_vary(at_key(document, key), event.id)]
    return tuple(usable[:MOST_KEYS])


def about_another_object(event: Event, key: str) -> Event:
    """Return the event about a new object: its id at ``key``, and wherever else it occurs, is replaced by another.

    The new id has the prefix, the length and the kinds of characters of the old one; every other byte is unchanged.
    """
    old = str(at_key(readable_document(event.headers, event.body), key))
    new = like(old)
    whole = re.compile(rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])")
    body = re.sub(whole.pattern.encode(), new.encode(), event.body)
    headers = tuple((name, whole.sub(new, value)) for name, value in event.headers)
    return msgspec.structs.replace(event, body=body, headers=headers)


def like(old: str) -> str:
    """Return a new id with the prefix, the length and the kinds of characters of ``old``."""
    begin = max(old.rfind("_") + 1, len(old) - _VARIED)
    letters = [c.lower() for c in old if c.isalpha()]
    alphabet = _HEX if set(old[begin:].lower()) <= set(string.hexdigits + "-") and letters else _LETTERS
    return old[:begin] + "".join(_another(c, alphabet, first=n + begin == 0) for n, c in enumerate(old[begin:]))


def _another(character: str, alphabet: str, *, first: bool) -> str:
    if first:  # a number does not begin with 0
        return character
    if character.isdigit():
        return secrets.choice(string.digits)
    if not character.isalpha():
        return character
    chosen = secrets.choice(alphabet)
    return chosen.upper() if character.isupper() else chosen


def _can_vary(value: Any, event_id: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value)
    varied = text[max(text.rfind("_") + 1, 1) :][-_VARIED:]
    return text != event_id and bool(_ID.fullmatch(text)) and sum(c.isalnum() for c in varied) >= _LEAST_VARIED


def _keys_of_ids(document: Any) -> list[str]:
    """Return the dotted keys named ``id``, the outermost first."""
    found = []
    waiting: deque[tuple[str, Any]] = deque([("", document)])
    while waiting:
        prefix, value = waiting.popleft()
        if not isinstance(value, dict):
            continue
        found += [f"{prefix}id"] if "id" in value else []
        waiting.extend((f"{prefix}{name}.", inner) for name, inner in value.items() if "." not in name)
    return found
