"""What differs between what was recorded and what was seen: by path into the JSON, graded, short enough to read."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qs

MAX_SHOWN = 8
_MAX_CHARS = 80
_ABSENT = object()
_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*")


class Grade(enum.StrEnum):
    """What kind of difference it is."""

    ADDED = "added"
    REMOVED = "removed"
    TYPE = "changed type"
    VALUE = "changed value"


class Difference(NamedTuple):
    """One place at which two documents differ."""

    path: str
    """Such as ``$.items[0].name``, or ``status``, ``query.page``, ``header.content-type``."""
    grade: Grade
    recorded: Any
    seen: Any

    def __str__(self) -> str:
        sides = [("recorded", self.recorded), ("seen", self.seen)]
        values = ", ".join(f"{name} {_short(value)}" for name, value in sides if value is not _ABSENT)
        return f"{self.path}: {self.grade}, {values}"


def differences(recorded: Any, seen: Any, path: str = "$") -> Iterator[Difference]:
    """Yield where two JSON documents differ, in the order of the recorded one; lists are compared place by place."""
    if isinstance(recorded, dict) and isinstance(seen, dict):
        for key in [*recorded, *(k for k in seen if k not in recorded)]:
            inner = f"{path}.{key}" if _PLAIN_KEY.fullmatch(str(key)) else f"{path}[{json.dumps(key)}]"
            yield from _member(recorded.get(key, _ABSENT), seen.get(key, _ABSENT), inner)
    elif isinstance(recorded, list) and isinstance(seen, list):
        for i in range(max(len(recorded), len(seen))):
            inner = f"{path}[{i}]"
            one, other = (side[i] if i < len(side) else _ABSENT for side in (recorded, seen))
            yield from _member(one, other, inner)
    elif json_type(recorded) != json_type(seen):
        yield Difference(path, Grade.TYPE, recorded, seen)
    elif recorded != seen:
        yield Difference(path, Grade.VALUE, recorded, seen)


def _member(recorded: Any, seen: Any, path: str) -> Iterator[Difference]:
    if recorded is _ABSENT:
        yield Difference(path, Grade.ADDED, recorded, seen)
    elif seen is _ABSENT:
        yield Difference(path, Grade.REMOVED, recorded, seen)
    else:
        yield from differences(recorded, seen, path)


def body_differences(recorded: bytes | None, seen: bytes | None) -> Iterator[Difference]:
    """Yield where two bodies differ: as JSON, else as a form, else as one piece."""
    if (recorded or b"") == (seen or b""):
        return
    for read, root in ((json.loads, "$"), (_form, "form")):
        try:
            found = list(differences(read(recorded or b""), read(seen or b""), root))
        except (ValueError, RecursionError):  # Python limits how deep a document may nest
            continue
        yield from found
        return
    grade = Grade.ADDED if not recorded else Grade.REMOVED if not seen else Grade.VALUE
    yield Difference("body", grade, recorded or _ABSENT, seen or _ABSENT)


def shown(found: Iterable[Difference], indent: str = "") -> list[str]:
    """Return one line for each of the first differences, and how many more there are."""
    found = iter(found)
    lines = [f"{indent}{difference}" for difference in islice(found, MAX_SHOWN)]
    more = sum(1 for _ in found)
    return [*lines, f"{indent}and {more} more"] if more else lines


def json_type(value: Any) -> str:
    """Return the JSON type of a value read from JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return next((name for kind, name in _JSON_TYPES if isinstance(value, kind)), type(value).__name__)


_JSON_TYPES: tuple[tuple[Any, str], ...] = ((int | float, "number"), (str, "string"), (list, "array"), (dict, "object"))


class Volatile:
    """Rules for values that change with every call: ``$.createdAt``, ``$.items[*].id``, ``$..id``.

    A value they cover may be another one, or null; that it is gone, new, or of another type is a difference still.
    """

    def __init__(self, rules: Iterable[str]) -> None:
        """``rules`` are JSON paths; ``..`` stands for any depth, ``[*]`` and ``.*`` for any member."""
        self._patterns = [_pattern(rule) for rule in rules]

    def ignores(self, difference: Difference) -> bool:
        """Whether a rule ignores the difference."""
        if difference.grade is Grade.TYPE and None not in (difference.recorded, difference.seen):
            return False
        if difference.grade in (Grade.ADDED, Grade.REMOVED):
            return False
        return any(pattern.fullmatch(difference.path) for pattern in self._patterns)


_ANY_MEMBER = r"(?:\.[^.\[]+|\[[^\]]*\])"


def _pattern(rule: str) -> re.Pattern[str]:
    text = re.escape(rule)
    for written, meant in ((r"\.\.", f"{_ANY_MEMBER}*\\."), (r"\[\*\]", r"\[\d+\]"), (r"\.\*", _ANY_MEMBER)):
        text = text.replace(written, meant)
    return re.compile(text)


def _form(body: bytes) -> dict[str, Any]:
    text = body.decode("ascii")
    if text and "=" not in text:
        raise ValueError
    return form_values(text)


def form_values(text: str) -> dict[str, Any]:
    """Return the fields of a form or query; of one that is repeated a list."""
    return {k: v[0] if len(v) == 1 else v for k, v in parse_qs(text, keep_blank_values=True).items()}


def _short(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return f"{len(value)} bytes"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_CHARS else f"{text[:_MAX_CHARS]}… ({len(text)} characters)"
