"""Members that only the server sets: a client that sends them anyway changes nothing, and a change keeps some."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.contract.body_variations import word
from harness.contract.further_creations import judge_as_written, read_back
from harness.contract.invariants import CREATION_FIXED, READ_ONLY_TAKEN, UPDATE_STATED
from harness.contract.lifecycle import Lifecycle
from harness.contract.other_parents import below_another
from harness.contract.readback import CREATION_TIME, agrees, instant
from harness.contract.resource_changes import Changer, Thing
from harness.contract.resource_kinds import read_members, segment_of
from harness.core.plain_names import plain
from harness.openapi.operation import Operation

_MOST = 6
"""Members that are sent."""
_UPDATE_TIME = re.compile(r"^(last)?(updated|modified|changed)(at|on|date|time|timestamp)?$")
"""Plain names of members that state when something was changed last."""
_FRACTION = re.compile(r":\d\d\.\d*[1-9]")
_TICK_S = 0.002
_LONG_AGO = "2001-02-03T04:05:06Z"
_NUMBER = 5
"""Of the resource that is created: it has the largest numbers that the document allows."""
_FAR = 7919
"""Added to a number: nothing counts on so far between two calls."""


class ServerMembers:
    """What the server sets by itself of one resource, before and after its changes."""

    def __init__(self, life: Lifecycle, thing: Thing) -> None:
        """Note what the thing shows before its changes."""
        self._life, self._thing = life, thing
        self._before = dict(thing.document)
        schemas = read_members(life.kind.reading, life.writer.members)
        asked = life.writer.members
        flagged = [n for n, s in {**schemas, **asked}.items() if s.get("readOnly") is True and n in thing.document]
        self._schemas = {n: schemas.get(n) or asked[n] for n in flagged}
        self._elsewhere = below_another(life.caller, life.kind.reading, thing) or ""
        """Its path below another parent; empty where the run has none."""

    def judge_times(self, operation: Operation) -> None:
        """Compare the times that the thing states with those from before a change that it shows."""
        life, before, after = self._life, self._before, self._thing.document
        changed = [n for n in before if n in life.writer.members and n in after and before[n] != after[n]]
        for name in before if changed else ():
            one, other = instant(str(before[name])), instant(str(after.get(name)))
            if one is None or other is None or name in changed:
                continue
            if CREATION_TIME.search(plain(name)) and _is_moved(str(before[name]), str(after[name])):
                observed = f"{operation.label} of {changed[0]}: {name} was {before[name]} and is {after[name]}"
                life.complain(operation, CREATION_FIXED, observed)
            is_precise = _FRACTION.search(str(before[name])) is not None
            if _UPDATE_TIME.search(plain(name)) and before[name] == after[name] and is_precise:
                observed = f"{operation.label} of {changed[0]}: {name} is {after[name]} as before"
                life.complain(operation, UPDATE_STATED, observed)

    def judge_sent_with_change(self, other: Thing) -> None:
        """Send members that are read-only with a change; ``other`` shows what changes by itself."""
        thing, own, there = self._thing, segment_of(self._thing.path), self._elsewhere
        parents = [segment_of(path.rsplit("/", 2)[0]) for path in (thing.path, there)]
        values = {n: parents[1] if there and thing.document[n] == parents[0] else v for n, v in self._sent(other)}
        sent = {n: v for n, v in values.items() if thing.document[n] != own}
        for operation in self._life.kind.changes[:1] if sent else ():
            self._judge_change(operation, sent, other)

    def judge_sent_with_creation(self, other: Thing) -> None:
        """Send members that are read-only with a creation; ``other`` shows what they are by themselves."""
        self._judge_creation({n: v for n, v in self._sent(other) if not agrees(v, other.document[n])})

    def _sent(self, other: Thing) -> Iterator[tuple[str, Any]]:
        for name, schema in list(self._schemas.items())[:_MOST]:
            value = _another(self._thing.document.get(name), schema)
            if value is not None and name in other.document:
                yield name, value

    def _judge_change(self, operation: Operation, sent: Mapping[str, Any], other: Thing) -> None:
        life, thing = self._life, self._thing
        changer = Changer(life.caller, operation, life.writer.members)
        wanted = changer.plain_change(thing, but=life.unlike)
        body = changer.body(thing, wanted)
        if not isinstance(body, dict):
            return
        before = dict(thing.document)
        if not changer.send_unjudged(thing.path, {**body, **sent}, tag=thing.tag):
            return
        life.remember(thing, life.reader.read(thing.path))
        if self._elsewhere and not thing.document:  # it was moved there
            thing.path = self._elsewhere
            life.remember(thing, life.reader.read(thing.path))
        beside = life.reader.document(other, life.reader.read(other.path))
        for name, value in sent.items():
            is_moving = beside.get(name) != other.document[name]
            if not is_moving and _is_taken(value, thing.document.get(name), before[name]):
                self._complain(operation, thing.path, name, value)

    def _judge_creation(self, sent: Mapping[str, Any]) -> None:
        life = self._life
        creation, path = life.kind.creation, self._thing.created.path
        body = next((b for b in life.writer.bodies(_NUMBER) if isinstance(b, dict)), None)
        if body is None:
            return
        made = life.caller.attempt(creation, path, {**body, **sent})
        if made is not None and made.response.is_client_error and sent:  # it may refuse what it would not take
            made, sent = life.caller.attempt(creation, path, body), {}
        if made is None or not made.response.is_success:
            return
        thing = read_back(life, made, body)
        if thing is None:
            return
        for name, value in sent.items():
            if _is_taken(value, thing.document.get(name), None):
                self._complain(creation, thing.path, name, value)
        judge_as_written(life, thing)
        life.remove(thing.path)

    def _complain(self, operation: Operation, path: str, name: str, value: Any) -> None:
        observed = f"{operation.label} with the read-only {name}: GET {path} shows what was sent, {value!r:.80}"
        self._life.complain(operation, READ_ONLY_TAKEN, observed)


def _is_moved(before: str, after: str) -> bool:
    """Whether a time is another one; the same may be shown with less precision."""
    shift = abs((instant(after) or 0) - (instant(before) or 0))
    is_precise = _FRACTION.search(before) is not None and _FRACTION.search(after) is not None
    return shift > (_TICK_S if is_precise else 1)


def _is_taken(sent: Any, read: Any, before: Any) -> bool:
    if isinstance(sent, str) and instant(sent) is not None:
        return isinstance(read, str) and instant(read) == instant(sent)
    return bool(sent == read and read != before)


def _another(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return another value of the kind of a value; None for what has none, such as a list."""
    choices = [v for v in schema.get("enum") or () if v not in (value, None)]
    if "enum" in schema:
        return choices[0] if choices else None
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + _FAR
    return _another_text(value) if isinstance(value, str) and value else None


def _another_text(value: str) -> str:
    if instant(value) is not None:
        return _LONG_AGO
    last = value[-1]
    if last.isdigit():
        return value[:-1] + str((int(last) + 1) % 10)
    return value[:-1] + ("b" if last.lower() == "a" else "a") if last.isalpha() else word()
