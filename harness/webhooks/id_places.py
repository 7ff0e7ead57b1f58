"""Finds the ids of events in a body, to the byte, and replaces each with another of its kind."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

from harness.core.pointers import at_key, key_steps
from harness.http.message import Headers
from harness.openapi.event_bodies import PAYLOAD, event_document, is_form
from harness.webhooks.json_spans import byte_span, span
from harness.webhooks.similar_ids import similar_id, similar_number

REMEMBERED_BYTES = 256 * 1024
"""Places in longer bodies are not cached."""


class IdPlace(NamedTuple):
    """One id in a body: its place and its value."""

    start: int
    end: int
    """First byte, and the byte after the last."""
    value: str
    write: Callable[[str], bytes]
    """Returns the bytes that put another id of the same kind in its place; see `of_kind`."""
    number: bool

    def of_kind(self, new_id: str | None = None) -> str:
        """Return the id to put there: ``new_id``, or a number derived from it where the id is a number.

        Without ``new_id`` it is a new one of the same kind.
        """
        if self.number:
            return str(similar_number(int(self.value), random.Random(new_id) if new_id else None))  # noqa: S311 - no secret
        return new_id or similar_id(self.value)


def id_places(headers: Headers, body: bytes, key: str) -> tuple[IdPlace, ...]:
    """Return the places of a dotted key: the id of the event, then those of the other events in the same list.

    Empty where the body cannot be read, or the key has neither text nor a whole number.
    """
    if not key:
        return ()
    return (_remembered if len(body) <= REMEMBERED_BYTES else _places)(headers, body, key)


def _places(headers: Headers, body: bytes, key: str) -> tuple[IdPlace, ...]:
    try:
        document = event_document(headers, body)
        text = body.decode()
    except (ValueError, RecursionError):
        return ()
    found = list(_steps(document, key))
    if not is_form(headers, body):
        return tuple(_in_json(text, steps, value) for steps, value in found)
    return tuple(place for steps, value in found[:1] for place in _in_form(text, steps, value))


_remembered = lru_cache(maxsize=64)(_places)  # a fixture is delivered many times


def _steps(document: Any, key: str) -> list[tuple[tuple[str, ...], Any]]:
    """Return the keys and indexes that lead to each id, with the id."""
    first, _, rest = key.partition(".")
    inner = rest if first.isdigit() else key
    if isinstance(document, list) and inner:
        begin = int(first) if first.isdigit() else 0
        keys = [f"{number}.{inner}" for number in range(begin, len(document))]
    else:
        keys = [key]
    values = [(each, at_key(document, each)) for each in keys]
    return [(key_steps(document, each), value) for each, value in values if _is_id(value)]


def _is_id(value: Any) -> bool:
    return (isinstance(value, str) and value != "") or (isinstance(value, int) and not isinstance(value, bool))


def _in_json(text: str, steps: tuple[str, ...], value: Any) -> IdPlace:
    first, last = byte_span(text, steps)
    literal = _literal_like(value)
    return IdPlace(first, last, str(value), lambda new: literal(new).encode(), isinstance(value, int))


def _literal_like(value: Any) -> Callable[[str], str]:
    """Return what writes another id of the kind of ``value`` in JSON; a number is written already."""
    return str if isinstance(value, int) else encode_basestring_ascii


def _in_form(text: str, steps: tuple[str, ...], value: Any) -> list[IdPlace]:
    """Return the place of a field; for an id inside the JSON of the field `PAYLOAD`, the place of that whole field."""
    at = 0
    found = []
    for pair in text.split("&"):
        name, equals, raw = pair.partition("=")
        start = len(text[: at + len(name) + len(equals)].encode())
        end = start + len(raw.encode())
        at += len(pair) + 1
        if steps == (unquote_plus(name),):
            found = [IdPlace(start, end, str(value), lambda new: quote_plus(new).encode(), number=False)]
        elif unquote_plus(name) == PAYLOAD and not found:
            found = _in_payload(unquote_plus(raw), steps, value, start, end)
    return found


def _in_payload(inner: str, steps: tuple[str, ...], value: Any, start: int, end: int) -> list[IdPlace]:
    try:
        first, last = span(inner, steps)
    except (ValueError, IndexError):
        return []
    literal = _literal_like(value)

    def write(new_id: str) -> bytes:
        return quote_plus(inner[:first] + literal(new_id) + inner[last:]).encode()

    return [IdPlace(start, end, str(value), write, isinstance(value, int))]
