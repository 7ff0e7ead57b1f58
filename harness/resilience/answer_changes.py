"""How the provider may answer one day: as its document allows, or with a value that is not in it yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from harness.core.pointers import with_value
from harness.http.message import Request, Response, is_json
from harness.openapi.value_schemas import DescribedValue

MemberPath = tuple[str | int, ...]

MOST_MEMBERS = 200
"""Members of one answer that are changed, at most."""
UNKNOWN = "x_added_by_a_later_version"
"""A member, or one of the values of an enumeration, that no client knows."""
LONG = 100
"""Entries of a long list, where neither the request nor the document asks for fewer."""
_SIZE = re.compile(r"limit|(max|per|page)_?-?(size|page|results)|size|count|first|top", re.IGNORECASE)
NAMES_A_RESOURCE = re.compile(r"(.*[a-z_])?(id|ID|Id|uuid|guid|key|number)")
_OF_TIME = re.compile(r"second|minute|hour|day|time|delay|wait|interval|after|expire|ttl|timeout", re.IGNORECASE)
_WITHOUT_CONTENT = frozenset({204, 205})
_OF_A_PART = frozenset({206, 207, 226})
"""Successes that are not the whole answer."""


class ChangeableAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the provider, and what its document allows in its place."""

    label: str
    """Of the operation."""
    request: Request
    response: Response
    content: Any
    """Of its body, which is JSON."""
    accepts: Callable[[Request, Response], bool]
    describes: Callable[[Request, Response], Sequence[DescribedValue]]
    successes: Callable[[Request], Sequence[int]]

    def allows(self, content: Any) -> bool:
        """Whether the document allows that content."""
        return self.accepts(self.request, self.with_content(content).response)

    def with_content(self, content: Any) -> ChangeableAnswer:
        """Return the answer with that content."""
        headers = tuple(h for h in self.response.headers if h[0].lower() not in ("content-length", "etag", "digest"))
        response = msgspec.structs.replace(self.response, headers=headers, body=msgspec.json.encode(content))
        return msgspec.structs.replace(self, response=response, content=content)

    def described(self) -> Sequence[DescribedValue]:
        """Return each value of its content with the schemas that the document has for it."""
        return self.describes(self.request, self.response)


Change = Callable[[ChangeableAnswer], ChangeableAnswer]
"""Returns a changed answer, or the same one where nothing is to change."""


def success_content(response: Response) -> Any:
    """Return the content of a success that is JSON; None for any other answer."""
    if not 200 <= response.status < 300 or not is_json(response.header("content-type")):
        return None
    try:
        return msgspec.json.decode(response.body)
    except (msgspec.DecodeError, RecursionError):
        return None


def added(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer with an unknown member in each object that is a resource, not a map."""
    content = answered.content
    return _allowed(answered, {**content, UNKNOWN: "unknown"}) if isinstance(content, dict) else answered


def reordered(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer with the members of each object in reverse order."""
    return _allowed(answered, _reversed(answered.content))


def without_optional(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer without each member that the document does not require."""
    return _each_member(answered, lambda holder, name: holder.pop(name))


def with_nulls(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer with null for each member that may be null."""
    return _each_member(answered, lambda holder, name: holder.update({name: None}))


def without_entries(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer as a page of a listing without entries."""
    return _with_entries(answered, [])


def with_many_entries(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer as a page of a listing as long as it may be, its entries repeated."""
    _, entries = listed_entries(answered.request, answered.content)
    query = parse_qsl(urlsplit(answered.request.target).query)
    sizes = [int(value) for name, value in query if _SIZE.fullmatch(name) and value.isdecimal() and len(value) < 6]
    if not entries:
        return answered
    for length in (min([LONG, *sizes]), 50, 20, 10):
        changed = answered
        if len(entries) < length <= min([LONG, *sizes]):
            changed = _with_entries(answered, [entries[n % len(entries)] for n in range(length)])
        if changed is not answered:
            return changed
    return answered


def with_unknown_values(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer with an unknown value for each text of which the document has an enumeration."""
    content = answered.content
    for path, value, schema in answered.described():
        choices = schema.get("enum")
        if isinstance(choices, list) and len(choices) > 1 and value in choices and isinstance(value, str) and path:
            content = put(content, path, UNKNOWN)
    return answered if content is answered.content else answered.with_content(content)


def with_numbers_at_bounds(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer with each number at the bound that its schema has, but those that name or delay something."""
    for path, value, schema in answered.described():
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        bound = next((b for b in (schema.get("maximum"), schema.get("minimum")) if b is not None and b != value), None)
        if not _is_number(value) or not _is_number(bound) or NAMES_A_RESOURCE.fullmatch(name) or _OF_TIME.search(name):
            continue
        answered = _allowed(answered, put(answered.content, path, bound))
    return answered


def with_other_success(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer with another status of success that the document has for the operation."""
    others = [s for s in answered.successes(answered.request) if s != answered.response.status and s not in _OF_A_PART]
    for status in sorted(others, key=lambda status: status in _WITHOUT_CONTENT):
        response = msgspec.structs.replace(answered.response, status=status, reason="")
        if status in _WITHOUT_CONTENT:
            headers = tuple(h for h in response.headers if not h[0].lower().startswith("content-"))
            response = msgspec.structs.replace(response, headers=headers, body=b"")
        if answered.accepts(answered.request, response):
            content = answered.content if response.body else None
            return msgspec.structs.replace(answered, response=response, content=content)
    return answered


def without(answered: ChangeableAnswer, places: Collection[tuple[str, str]]) -> ChangeableAnswer:
    """Return the answer without these members, each an operation and a pattern, be they required or not."""
    content = msgspec.json.decode(msgspec.json.encode(answered.content))
    found = [path for path in _members(content) if (answered.label, pattern_of(path)) in places]
    for path in reversed(found):
        _holder(content, path).pop(path[-1])
    return answered.with_content(content) if found else answered


def ends_of(content: Any) -> Iterator[tuple[MemberPath, Any]]:
    """Yield each value that holds no others, an empty list or object too, with its path."""
    return ((path, value) for path, value in _values(content) if not (isinstance(value, dict | list) and value))


def _members(content: Any) -> Iterator[MemberPath]:
    """Yield the path of each member, those that hold others before these."""
    return (path for path, _ in _values(content) if isinstance(path[-1], str))


def _values(content: Any, path: MemberPath = ()) -> Iterator[tuple[MemberPath, Any]]:
    """Yield each value within another with its path, whose indexes are numbers; what holds others comes first."""
    if isinstance(content, dict | list):
        for step, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield (*path, step), value
            yield from _values(value, (*path, step))


def pattern_of(path: MemberPath) -> str:
    """Return a path with ``*`` for each entry of a list, such as ``items.*.id``."""
    return ".".join(step if isinstance(step, str) else "*" for step in path)


def _allowed(answered: ChangeableAnswer, content: Any) -> ChangeableAnswer:
    """Return the answer with another content, where it is another and the document allows it."""
    if msgspec.json.encode(content) == msgspec.json.encode(answered.content) or not answered.allows(content):
        return answered
    return answered.with_content(content)


def _reversed(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _reversed(value) for name, value in reversed(content.items())}
    return [_reversed(each) for each in content] if isinstance(content, list) else content


def _each_member(answered: ChangeableAnswer, change: Callable[[dict[str, Any], str], object]) -> ChangeableAnswer:
    for path in reversed(list(_members(answered.content))[:MOST_MEMBERS]):
        other = msgspec.json.decode(msgspec.json.encode(answered.content))
        change(_holder(other, path), str(path[-1]))
        answered = _allowed(answered, other)
    return answered


def _holder(content: Any, path: MemberPath) -> Any:
    for step in path[:-1]:
        content = content[step]
    return content


def put(content: Any, path: MemberPath, value: Any) -> Any:
    """Return a copy of some content with another value at a path."""
    return with_value(content, tuple(map(str, path)), value)


def listed_entries(request: Request, content: Any) -> tuple[MemberPath, list[Any]]:
    """Return the place of the entries of a listing, and the entries: its only list of objects, none without one."""
    if request.method != "GET":
        return (), []
    if isinstance(content, dict) and "id" in content:  # a resource with a list in it
        return (), []
    inner: list[tuple[MemberPath, Any]] = [((n,), v) for n, v in content.items()] if isinstance(content, dict) else []
    below = [((*path, n), v) for path, value in inner if isinstance(value, dict) for n, v in value.items()]
    found = [
        (path, value)
        for path, value in (((), content), *inner, *below)
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
    ]
    return found[0] if len(found) == 1 else ((), [])


def _with_entries(answered: ChangeableAnswer, entries: list[Any]) -> ChangeableAnswer:
    """Return a listing with other entries, and with their number where it states that of the ones that it has."""
    path, before = listed_entries(answered.request, answered.content)
    if not before:
        return answered
    other = put(answered.content, path, entries)
    if isinstance(other, dict):
        other = {n: len(entries) if _is_number(v) and v == len(before) else v for n, v in other.items()}
    return _allowed(answered, other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
