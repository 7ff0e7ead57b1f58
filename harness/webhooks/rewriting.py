"""Another body for one event, for what only a rewritten body shows: how a receiver distinguishes or stores events."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Any

import msgspec

from harness.core.encodable import readable_json
from harness.model import Event
from harness.openapi.event_bodies import is_form, is_json_event, json_text, readable_document


def reversed_members(value: Any) -> Any:
    """Return a document with the members of every object in the opposite order."""
    if isinstance(value, dict):
        return {k: reversed_members(v) for k, v in reversed(value.items())}
    return [reversed_members(v) for v in value] if isinstance(value, list) else value


def reordered(event: Event) -> Event | None:
    """Return the same event with its members or fields in another order; None where no other order means the same.

    The JSON has no white space, so that a receiver which verifies over JSON that it has written accepts it too.
    """
    body = event.body
    if is_json_event(event.headers, body):
        document = reversed_members(readable_document(event.headers, body))
        body = readable_json(document, separators=(",", ":"))
    elif is_form(event.headers, body):
        body = b"&".join(reversed(body.split(b"&")))
    return None if body == event.body else msgspec.structs.replace(event, body=body)


def with_member(event: Event) -> Event | None:
    """Return the event with one more member or field, whose value is new each time; None where it has no place."""
    if is_form(event.headers, event.body):
        return msgspec.structs.replace(event, body=event.body + b"&extra=" + _chance().encode())
    return _changed(event, lambda document: _with_member(document, _chance()))


def with_inner_members(event: Event) -> Event | None:
    """Return the event with one more member in each of its inner objects; None where it has none."""
    return _changed(event, lambda document: _inside(document, _chance()))


def with_other_words(event: Event) -> Event | None:
    """Return the event with one more word in each of its texts of several words; None where it has none."""
    return _changed(event, lambda document: _longer(document, _chance()))


def hard_to_rewrite(event: Event) -> Event:
    """Return the event with one more member that no JSON library writes as it is; itself where it is not JSON.

    Escapes, accents, a slash, white space, numbers and the order of members show that a body was parsed and written.
    """
    if not is_json_event(event.headers, event.body):
        return event
    text, encoding = json_text(event.headers, event.body)
    before, brace, after = text.partition("{")
    if not brace or after.lstrip().startswith("}"):
        return event
    body = f"{before}{{ {_HARD},\n{after}".encode(encoding, "surrogatepass")
    return msgspec.structs.replace(event, body=body)


_HARD = '"zone" : {"b": "caf\\u00e9 \N{LATIN SMALL LETTER E WITH ACUTE} \\/ /", "a": [1.0, 1e2, 18446744073709551617]}'
Vary = Callable[[Event], "Event | None"]

LENGTHENED: tuple[Vary, ...] = (with_member, with_inner_members)
"""Ways to add what no integration acts upon, so that nothing but the body is different.

A receiver may refuse a member that it does not know, so that neither suits every receiver. The JSON has no white space,
as in `reordered`.
"""
VARIATIONS: tuple[Vary, ...] = (*LENGTHENED, with_other_words)
"""Ways to change what an event states."""


def _chance() -> str:
    return "".join(random.SystemRandom().choices(string.ascii_lowercase, k=12))


def _changed(event: Event, change: Callable[[Any], Any]) -> Event | None:
    if not is_json_event(event.headers, event.body):
        return None
    document = readable_document(event.headers, event.body)
    changed = change(document)
    if changed == document:
        return None
    return msgspec.structs.replace(event, body=readable_json(changed, separators=(",", ":")))


def _with_member(value: Any, chance: str) -> Any:
    if isinstance(value, list):
        return [_with_member(each, chance) for each in value]
    # An empty one may be a table, which has no members of its own.
    return {**value, "extra": chance} if isinstance(value, dict) and value else value


def _inside(value: Any, chance: str) -> Any:
    if isinstance(value, list):
        return [_inside(each, chance) for each in value]
    if not isinstance(value, dict):
        return value
    return {k: _with_member(_inside(v, chance), chance) for k, v in value.items()}


def _longer(value: Any, chance: str) -> Any:
    if isinstance(value, dict):
        return {k: _longer(v, chance) for k, v in value.items()}
    if isinstance(value, list):
        return [_longer(each, chance) for each in value]
    prose = isinstance(value, str) and all(word.isalpha() for word in value.split()) and " " in value
    return f"{value} {chance}" if prose else value
