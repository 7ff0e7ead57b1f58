"""Whether a value that is read is the one that was written: every normalisation that a correct provider may do agrees.

Texts may be trimmed, change case, gain a prefix or lose accents, markup and separators. Numbers may be rounded to a
currency's precision, times may change zone and lose fractions, lists may be sorted and gain entries, and references may
be expanded to what they refer to.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.core.dates import iso_moment
from harness.core.plain_names import plain
from harness.secrets.detection.secret_names import names_secret

_PRECISION = 5e-3
"""Prices are rounded to hundredths."""
_RELATIVE = 1e-6
"""A number may be stored in single precision."""
_FRACTION_S = 60.0
"""Times may be stored to the minute."""
_MASKED = re.compile(r"[*•…]|\.\.\.")
_MARKED_UP = re.compile(r"[<>&\\`\x00-\x1f\x7f]")
"""Characters that a provider may strip or escape."""
_REPLACED = re.compile(r"[?\ufffd]")
"""What a character becomes that a store has no place for."""
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
"""A number as text; one with leading zeros is a code, in which they count."""
_NOT_COMPARED = frozenset({"byte", "binary", "password", "duration", "ipv6", "cidr", "phone", "json"})
"""Formats of texts that have many spellings of one value."""
_SERVER_SET = re.compile(
    r"^(date)?(created|updated|modified|changed|deleted|accessed|completed|finished|started|ended|closed|seen)"
    r"(at|on|by|date|time|timestamp|ts)$|^(created|updated|modified|changed|timestamp|etag|href|self|links|object|kind|v)$"
    r"|^date(created|updated|modified)$|^(creation|modification|update)(date|time)|^last(?!name)|revision$|^rev$"
    r"|^(resource|lock|row|entity|object)?version$|^(count|total|position|rank|order|index|sequence|sortorder)$"
    r"|^(ttl|age|expiresin)$|remaining"
)
"""Plain names of members that the server sets or moves, whatever a schema that serves both directions allows."""
_BY_CREDENTIAL = re.compile(
    r"^(owner|author|user|account|tenant|org|organi[sz]ation|creator|workspace|team|customer|client)(id|name)?$|by$"
    r"|^(url|uri)$"
)
"""Plain names of members that the server may decide, where one schema describes both directions."""
_BOOKKEEPING = re.compile(
    r"updated|modified|changed|version|revision|etag|accessed|^last(?!name)|views|hits|^links|self$"
)
"""Plain names of members that change with every request."""
CREATION_TIME = re.compile(r"^(date)?created(at|on|date|time|timestamp)?$|^creation(date|time)$")
"""Plain names of members that state when something was created."""
STATES = frozenset({"status", "state", "phase", "stage", "condition", "progress"})
"""Plain names of members that a resource moves through by itself."""


def is_compared(name: str, schema: Mapping[str, Any], *, shared: bool = False) -> bool:
    """Whether a member that the client wrote is expected to be read as it was written.

    ``shared``: the schema of the request is that of the response too, so that it may list what only the server sets.
    """
    if schema.get("readOnly") is True or schema.get("writeOnly") is True or names_secret(name):
        return False
    named = plain(name)
    if named in ("id", "uuid", "uid", "guid") or _SERVER_SET.search(named) or schema.get("format") in _NOT_COMPARED:
        return False
    return not (shared and _BY_CREDENTIAL.search(named))


def is_bookkeeping(name: str) -> bool:
    """Whether a member changes with every write or read, so that its change states nothing."""
    return bool(_BOOKKEEPING.search(plain(name)))


def is_empty(value: Any) -> bool:
    """Whether a value may be left out of an answer."""
    return value is None or value in ("", [], {})


def agrees(written: Any, read: Any) -> bool:
    """Whether some reading allows ``read`` as the value that was written; null may be replaced by a default."""
    if written is None or written == read:
        return True
    return next((compare(written, read) for kind, compare in _BY_TYPE if isinstance(written, kind)), True)


def same(first: Any, second: Any) -> bool:
    """Whether two reads of one member show one value, in either order."""
    return agrees(first, second) and agrees(second, first) and is_empty(first) == is_empty(second)


def _bool_agrees(written: bool, read: Any) -> bool:  # noqa: FBT001 - one of a table
    return _as_bool(read) is not (not written)


def _as_bool(read: Any) -> bool | None:
    """Return the truth that a value states; None where it may mean anything."""
    known = {"true": True, "false": False, "1": True, "0": False, "none": False, "yes": True, "no": False, "": False}
    return None if isinstance(read, dict | list) else known.get(str(read).lower())


def _number_agrees(written: float, read: Any) -> bool:
    if isinstance(read, bool) or read is None:
        return False
    if isinstance(read, int) and isinstance(written, int):
        return read == written
    number = _number(read)
    if number is None:
        return not isinstance(read, str) or not read  # an object such as {"amount": 1, "currency": "EUR"}
    return math.isclose(written, number, rel_tol=_RELATIVE, abs_tol=_PRECISION)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _text_agrees(written: str, read: Any) -> bool:
    if read is None or read == "":
        return not core(written)
    if not isinstance(read, str):
        number = _number(written)
        return isinstance(read, dict | list) or number is None or number == _number(read)
    if _MASKED.search(read) or _MARKED_UP.search(written):
        return True
    instants = instant(written), instant(read)
    if instants[0] is not None and instants[1] is not None:
        return abs(instants[0] - instants[1]) < _FRACTION_S
    if _DECIMAL.fullmatch(written) and _DECIMAL.fullmatch(read):
        return float(written) == float(read)
    return core(written) in core(read) and not _is_garbled(written, read)


def _is_garbled(written: str, read: str) -> bool:
    """Whether a character became a sign that stands for what could not be stored."""
    return not written.isascii() and bool(_REPLACED.search(read)) and not _REPLACED.search(written)


def core(text: str) -> str:
    """Return the letters and digits of a text, without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


def instant(text: str) -> float | None:
    """Return the time that a text states, in Unix seconds; of one without a zone that of UTC, None for no time."""
    at = iso_moment(text) if text[4:5] == "-" else None
    if at is None:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp()


def _list_agrees(written: list[Any], read: Any) -> bool:
    if isinstance(read, str):
        read = re.split(r"[,;\s]+", read)
    if not isinstance(read, list):
        return isinstance(read, dict) or all(is_empty(value) for value in written)
    return all(is_empty(value) or any(agrees(value, other) for other in read) for value in written)


def _object_agrees(written: dict[str, Any], read: Any) -> bool:
    if not isinstance(read, dict):
        return isinstance(read, str | int | list) or not any(not is_empty(v) for v in written.values())
    return all(agrees(value, read[name]) for name, value in written.items() if name in read and not names_secret(name))


_BY_TYPE: tuple[tuple[Any, Callable[[Any, Any], bool]], ...] = (
    (bool, _bool_agrees),
    ((int, float), _number_agrees),
    (str, _text_agrees),
    (list, _list_agrees),
    (dict, _object_agrees),
)


def resource_in(document: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object in an answer that has most members called as in ``names``: itself, or one that it wraps."""
    return max(_objects(document), key=lambda each: len(each.keys() & names.keys()), default={})


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
        yield from (value for value in document.values() if isinstance(value, dict))
