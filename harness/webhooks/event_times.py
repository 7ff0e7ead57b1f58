"""The times at which an event happened, as its envelope has them, and the same moved to another moment.

Providers deliver an event soon after it happened, so its time is near that of the signature. The times of the object
that an event is about are facts about this object, and stay as they are.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from harness.core.pointers import at_key
from harness.http.message import Headers
from harness.openapi.event_bodies import is_form, json_text, readable_document
from harness.webhooks.json_spans import JsonSpans

_YEAR_S = 366 * 86400.0
REMEMBERED_BYTES = 256 * 1024

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?")
_NAME = re.compile(r"(?:^|_)(?:created|updated|occurred|sent|date|time|timestamp|ts|at)$|(?:At|Date|Time|Timestamp)$")
_LATER = re.compile(r"expir|until|end|due|next|scheduled|valid", re.IGNORECASE)
"""Names of times that lie ahead when an event is delivered."""
_UNITS = (1, 10**3, 10**6, 10**9)
_FIRST, _LAST = 10**9, 10**10
"""Unix seconds of 2001 and 2286: in this range the number of digits names the unit."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class EventTime(NamedTuple):
    """One time of an event."""

    at: float
    """Unix seconds."""
    write: Callable[[float], str]
    """Returns it as text of the same form, moved by so many seconds."""
    lies_ahead: bool
    quoted: bool = True
    """Whether JSON writes it as a string."""

    def written(self, shift: float) -> str:
        """Return it as JSON, moved by so many seconds."""
        text = self.write(shift)
        return f'"{text}"' if self.quoted else text


class TimePlace(NamedTuple):
    """One time in a body: its place in bytes, and what is there."""

    start: int
    end: int
    moment: EventTime
    encoding: str

    def written(self, shift: float) -> bytes:
        """Return the bytes that put it there, moved by so many seconds."""
        return self.moment.written(shift).encode(self.encoding)


def moment_of(name: str, value: Any) -> EventTime | None:
    """Return the time that a field holds: in RFC 3339, or in Unix seconds, milliseconds or less; None for no time."""
    made: tuple[float, Callable[[float], str]] | None = None
    if isinstance(value, str) and (found := _ISO.fullmatch(value)):
        made = _iso(found)
    elif isinstance(value, str) and value.isdecimal() and value[:1] != "0" and _NAME.search(name):
        made = _unix(int(value))
    elif isinstance(value, int) and not isinstance(value, bool) and _NAME.search(name):
        made = _unix(value)
    return EventTime(*made, lies_ahead=_LATER.search(name) is not None, quoted=isinstance(value, str)) if made else None


def moment_of_event(moments: Iterable[EventTime], *, now: float) -> float | None:
    """Return when an event happened, by the latest of its times that is past; None where it has none."""
    return max((moment.at for moment in moments if moment.at <= now and not moment.lies_ahead), default=None)


def belongs(moment: EventTime, happened: float) -> bool:
    """Whether a time moves with the event: others, such as the last day of all, are no part of what happened."""
    return abs(moment.at - happened) < _YEAR_S


def time_places(headers: Headers, body: bytes, key: str) -> tuple[TimePlace, ...]:
    """Return the times at the top of a JSON body, or of each event of a list, and those beside the id at ``key``."""
    return (_remembered if len(body) <= REMEMBERED_BYTES else _places)(headers, body, key)


def _places(headers: Headers, body: bytes, key: str) -> tuple[TimePlace, ...]:
    document = readable_document(headers, body)
    if is_form(headers, body) or not isinstance(document, dict | list):
        return ()
    text, encoding = json_text(headers, body)
    spans = JsonSpans(text, encoding)
    found = []
    for path, level in _levels(document, key):
        for name, value in level.items():
            if (moment := moment_of(name, value)) is not None:
                found.append(TimePlace(*spans.in_bytes(*spans.span((*path, name))), moment, encoding))
    return tuple(found)


_remembered = lru_cache(maxsize=64)(_places)  # a fixture is delivered many times


def _levels(document: Any, key: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield the mappings that belong to the envelope of an event, each with the keys that lead to it."""
    if isinstance(document, list):
        yield from (((str(n),), each) for n, each in enumerate(document) if isinstance(each, dict))
        return
    yield (), document
    parent = key.rpartition(".")[0]
    beside = at_key(document, parent) if parent else None
    if isinstance(beside, dict):
        yield tuple(parent.split(".")), beside


def _iso(found: re.Match[str]) -> tuple[float, Callable[[float], str]] | None:
    day, between, clock, fraction, zone = found.groups()
    offset = dt.timezone(dt.timedelta()) if zone in (None, "Z") else dt.datetime.strptime(zone, "%z").tzinfo
    try:
        old = dt.datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=offset)
    except ValueError:
        return None
    part = float(f"0.{fraction}") if fraction else 0.0

    def write(shift: float) -> str:
        moved = old + dt.timedelta(seconds=part + shift)
        digits = f"{moved.microsecond:06}" + "".join(random.choices("0123456789", k=3))  # noqa: S311 - no secret
        rest = f".{digits[: len(fraction)].ljust(len(fraction), '0')}" if fraction else ""
        return f"{moved:%Y-%m-%d}{between}{moved:%H:%M:%S}{rest}{zone or ''}"

    return (old - _EPOCH).total_seconds() + part, write


def _unix(value: int) -> tuple[float, Callable[[float], str]] | None:
    unit = next((unit for unit in _UNITS if _FIRST <= value / unit < _LAST), None)
    return (value / unit, lambda shift: str(int(value + shift * unit))) if unit else None
