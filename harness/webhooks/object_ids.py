"""Finds the id of the object that an event is about, and gives the event another object of the same kind."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

import msgspec

from harness.core.pointers import at_key
from harness.model import Event
from harness.openapi.event_bodies import readable_document
from harness.webhooks.id_places import id_places
from harness.webhooks.similar_ids import room, similar_id

MOST_KEYS = 2
"""Places of an event in which the id of its object is looked for, the outermost first."""
LEAST_ROOM = 19.0
"""Bits that another id of the same form must be able to vary, so that it is unique: six digits."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def object_keys(event: Event, named: str | None = None) -> tuple[str, ...]:
    """Return the dotted keys at which the event may have the id of its object, most likely first.

    ``named`` is the key that harness.toml gives. An id that is too short to be replaced by a unique one of the same
    form is left out, and so is the event's own.
    """
    document = readable_document(event.headers, event.body)
    keys = ([named] if named else []) + _keys_of_ids(document)
    usable = [key for key in dict.fromkeys(keys) if _can_vary(at_key(document, key), event.id)]
    return tuple(usable[:MOST_KEYS])


def about_another_object(event: Event, key: str, new: str | None = None) -> Event:
    """Return the event about another object: its id at ``key``, and wherever else it occurs, becomes ``new``.

    By default that is an id of the same form and length. Every other byte is unchanged.
    """
    old = str(at_key(readable_document(event.headers, event.body), key))
    new = new or similar_id(old, least_bits=0)
    # A short one stands by chance in other words too.
    around = ("(?<![A-Za-z0-9])", "(?![A-Za-z0-9])") if room(old) >= LEAST_ROOM else ('(?<=")', '(?=")')
    whole = re.compile(re.escape(old).join(around))
    pieces = [event.body]
    if places := id_places(event.headers, event.body, key):  # there it may be escaped
        pieces = [event.body[: places[0].start], places[0].write(new), event.body[places[0].end :]]
    pieces[::2] = [re.sub(whole.pattern.encode(), new.encode(), piece) for piece in pieces[::2]]
    headers = tuple((name, whole.sub(new, value)) for name, value in event.headers)
    return msgspec.structs.replace(event, body=b"".join(pieces), headers=headers)


def _can_vary(value: Any, event_id: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value)
    return text != event_id and bool(_ID.fullmatch(text)) and room(text) >= LEAST_ROOM


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
