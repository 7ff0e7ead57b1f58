"""Finds the ids of events in a body, to the byte, and replaces each with another of its kind."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus, unquote_to_bytes

from harness.http.message import Headers
from harness.openapi.event_bodies import PAYLOADS, event_document, is_form, json_text
from harness.webhooks.json_spans import JsonSpans
from harness.webhooks.similar_ids import SAFE, similar_id, similar_number

_FORM_BYTE = re.compile(rb"%[0-9A-Fa-f]{2}|.", re.DOTALL)
"""One byte of a field, as a form writes it."""
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
    number: type[int | float] | None = None
    """The kind of number that the id is, None for text."""

    def of_kind(self, new_id: str | None = None) -> str:
        """Return the id to put there: ``new_id``, or a number derived from it where the id is a number.

        Without ``new_id`` it is a new one of the same kind.
        """
        if self.number is None:
            return new_id or similar_id(self.value)
        chance = random.Random(new_id.encode(errors="surrogatepass")) if new_id else None  # noqa: S311 - no secret
        if self.number is int:
            return str(similar_number(int(self.value), chance))
        return str(float(similar_number(int(min(float(self.value), SAFE - 1)), chance)))


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
    except (ValueError, RecursionError):
        return ()
    found = list(_steps(document, key))
    if is_form(headers, body):
        return tuple(place for steps, value in found[:1] for place in _in_form(body, steps, value))
    if not found:
        return ()
    spans = JsonSpans(*json_text(headers, body))
    return tuple(_in_json(spans, steps, value) for steps, value in found)


_remembered = lru_cache(maxsize=64)(_places)  # a fixture is delivered many times


def _steps(document: Any, key: str) -> list[tuple[tuple[str, ...], Any]]:
    """Return the keys and indexes that lead to each id, with the id."""
    return [(steps, value) for steps, value in reached(document, key.split(".")) if _is_id(value)]


def reached(node: Any, parts: list[str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield what a dotted key leads to: in a list of events, from its index or from the first, that of each."""
    if not parts:
        yield (), node
    elif isinstance(node, list):
        begin, inner = (int(parts[0]), parts[1:]) if parts[0].isdecimal() else (0, parts)
        for number in range(begin, len(node) if inner else min(begin + 1, len(node))):
            yield from (((str(number), *steps), value) for steps, value in reached(node[number], inner))
    elif isinstance(node, dict):
        for taken in range(len(parts), 0, -1):  # a key that itself contains the dots precedes a nested one
            name = ".".join(parts[:taken])
            if name in node and (found := list(reached(node[name], parts[taken:]))):
                yield from (((name, *steps), value) for steps, value in found)
                return


def _is_id(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()  # as languages write numbers that have only one kind of them
    return (isinstance(value, str) and value != "") or (isinstance(value, int) and not isinstance(value, bool))


def _number(value: str | float) -> type[int | float] | None:
    return None if isinstance(value, str) else type(value)


def _in_json(spans: JsonSpans, steps: tuple[str, ...], value: str | float) -> IdPlace:
    first, last = spans.span(steps)
    literal, encoding = _literal_like(spans.text[first:last], value), spans.encoding
    at = spans.in_bytes(first, last)
    return IdPlace(*at, str(value), lambda new: literal(new).encode(encoding, "surrogatepass"), _number(value))


def _literal_like(old: str, value: str | float) -> Callable[[str], str]:
    """Return what writes another id in JSON as ``old`` writes ``value``: with its escapes, or its exponent."""
    if isinstance(value, float):
        return partial(_with_exponent, old) if "e" in old.lower() else str
    if isinstance(value, int):
        return str
    encode = encode_basestring_ascii if old.isascii() else encode_basestring
    if "\\/" in old:
        return lambda new: encode(new).replace("/", "\\/")
    return encode


def _with_exponent(old: str, new: str) -> str:
    """Return a number with the sign and the letter of the exponent in ``old``."""
    digits, _, exponent = f"{float(new):.15e}".partition("e+")
    between = re.sub(r"[\d.-]", "", old[:-1]) or "e"
    return f"{digits.rstrip('0').rstrip('.')}{between}{exponent.removeprefix('0')}"


def _in_form(body: bytes, steps: tuple[str, ...], value: str | float) -> list[IdPlace]:
    """Return the place of a field, or of an id inside the JSON of a field of `PAYLOADS`."""
    at = 0
    found = []
    for pair in body.split(b"&"):
        name, equals, raw = pair.partition(b"=")
        start = at + len(name) + len(equals)
        end = at + len(pair)
        at = end + 1
        field = unquote_plus(name.decode("utf-8", "replace"))
        if steps == (field,):
            found = [IdPlace(start, end, str(value), lambda new: quote_plus(new).encode())]
        elif field in PAYLOADS and not found:
            found = _in_payload(raw, steps, value, start)
    return found


def _in_payload(raw: bytes, steps: tuple[str, ...], value: str | float, start: int) -> list[IdPlace]:
    """Return the place of an id within the JSON of a field, which begins at byte ``start`` of the body."""
    characters = [found.span() for found in _FORM_BYTE.finditer(raw)]
    inner = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "surrogateescape")
    spans = JsonSpans(inner)
    try:
        first, last = spans.span(steps)
    except (ValueError, LookupError):
        return []
    literal = _literal_like(inner[first:last], value)
    begin, end = (len(inner[:at].encode("utf-8", "surrogateescape")) for at in (first, last))
    place = (start + characters[begin][0], start + characters[end - 1][1])
    return [IdPlace(*place, str(value), lambda new: quote_plus(literal(new)).encode(), _number(value))]
