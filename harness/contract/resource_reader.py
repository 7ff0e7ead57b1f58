"""Reads resources of one kind, patiently: a provider may show a write only after a while."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from harness.contract.body_variations import BodyWriter, word
from harness.contract.caller import Caller
from harness.contract.identifiers import identity
from harness.contract.listings import TURNS, Listed, every_entry, queries
from harness.contract.readback import STATES, agrees, core, is_compared, is_empty, resource_in, same
from harness.contract.resource_changes import Thing
from harness.contract.resource_kinds import ResourceKind, read_members, segment_of
from harness.contract.sample import Sample
from harness.core.cutting import cut
from harness.core.plain_names import plain
from harness.openapi.operation import Operation

PAUSES_S = (0.1, 0.3, 0.6, 1.0, 2.0)
"""Between reads of what is not yet as expected: most systems that are eventually consistent are within a second."""
PATIENCE_S = 60.0
"""Seconds that one run waits in all; then what is not as expected proves nothing."""
GONE = frozenset({404, 410})
_HIDES = re.compile(r"^(include|with|show|only|all|hide)|archiv|delet|draft|publish|visib|hidden|trash")
"""Plain names of parameters that show that a listing may leave entries out."""
_SELECTS = re.compile(r"field|select|expand|include|view|embed|projection|properties|attributes|exclude")
"""Plain names of parameters that show that a read may leave members out."""
T = TypeVar("T")


class Patience:
    """Waits for what is not yet as expected, within one bound for a whole run."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep
        self._left_s = PATIENCE_S

    @property
    def is_exhausted(self) -> bool:
        """Whether there is no time left to wait, so that nothing can be judged by waiting."""
        return self._left_s <= 0

    def settled(self, look: Callable[[], T], is_expected: Callable[[T], bool]) -> T:
        """Return what ``look`` finds, as soon as that is expected, or at the end."""
        found = look()
        for pause in PAUSES_S:
            if is_expected(found) or self.is_exhausted:
                break
            self._left_s -= pause
            self._sleep(pause)
            found = look()
        return found


class ResourceReader:
    """Reads and lists resources of one kind, and compares them with what was written."""

    def __init__(self, caller: Caller, kind: ResourceKind, writer: BodyWriter) -> None:
        self._caller, self._kind, self._writer = caller, kind, writer
        self._shown = read_members(kind.reading, writer.members)
        self._is_shared = bool(writer.members) and writer.members == self._shown and not _has_directions(self._shown)
        self._required = frozenset(map(str, _required(caller, kind)))
        self._selects = any(_SELECTS.search(plain(name)) for name in queries(kind.reading))

    def read(self, path: str, headers: Mapping[str, str] | None = None) -> Sample:
        """Read what is at a path."""
        return self._caller.call(self._kind.reading, path, headers=headers)

    def document(self, thing: Thing, sample: Sample) -> dict[str, Any]:
        """Return the resource in an answer, an empty one where there is none."""
        return resource_in(sample.document, thing.written) if sample.response.is_success else {}

    def is_recognised(self, thing: Thing) -> bool:
        """Whether what is read has a text that was written: it could be another resource, which must not change."""
        texts = [(n, v) for n, v in thing.written.items() if self._writer.is_text(n, v) and len(v) >= len(word())]
        return any(core(v) in core(str(thing.document.get(n, ""))) for n, v in texts)

    def unlike_written(self, thing: Thing, document: Mapping[str, Any]) -> dict[str, str]:
        """Return the members that are not read as they were written, with what is read in words."""
        found = {}
        answer = resource_in(thing.created.document, thing.written)
        for name, value in self.compared(thing):
            if name in document:
                if not agrees(value, document[name]):
                    found[name] = f"{name} was written as {_short(value)} and is read as {_short(document[name])}"
            elif self._is_missed(name, value, answer):
                found[name] = f"{name} was written as {_short(value)} and is not read"
        return found

    def misstated(self, thing: Thing) -> str:
        """Return the first member that is read as it was written, and was answered otherwise; empty for none."""
        answer = resource_in(thing.created.document, thing.written)
        for name, value in self.compared(thing):
            read, answered = thing.document.get(name), answer.get(name)
            if name in answer and agrees(value, read) and not (is_empty(answered) or agrees(value, answered)):
                return f"{name} is read as it was written, {_short(value)}, and was answered as {_short(answered)}"
        return ""

    def compared(self, thing: Thing) -> Iterator[tuple[str, Any]]:
        """Yield the members that were written and that only the client changes."""
        answer = resource_in(thing.created.document, thing.written)
        for name, value in thing.written.items():
            schema = self._writer.members.get(name)
            if schema is None or plain(name) in STATES or not is_compared(name, schema, shared=self._is_shared):
                continue
            is_echoed = name in answer and agrees(value, answer[name])
            if not self._is_shared or name in self._required or is_echoed:
                yield name, value

    def _is_missed(self, name: str, value: Any, answer: Mapping[str, Any]) -> bool:
        """Whether a read that leaves a member out loses it."""
        schema = self._shown.get(name)
        if is_empty(value) or self._selects or value == self._writer.members[name].get("default"):
            return False
        if schema is not None and schema.get("writeOnly") is not True:
            return True
        return schema is None and not is_empty(answer.get(name)) and agrees(value, answer[name])

    def unlike(self, thing: Thing, document: Mapping[str, Any], *, but: Iterable[str] = ()) -> str:
        """Return the first member that differs from what was read of a thing before, in words; empty for none."""
        names = [n for n, _ in self.compared(thing) if n not in but and n in thing.document]
        for name in names:
            now = document.get(name)
            if not same(thing.document[name], now):
                return f"{name} was {_short(thing.document[name])} and is {_short(now)}"
        return ""

    def lists_all(self, listing: Operation) -> bool:
        """Whether a listing has all that is there, as far as the document shows."""
        filters = {n: p for n, p in queries(listing).items() if n not in TURNS}
        return not any(
            p.get("required") or _default(self._caller, p) or _HIDES.search(plain(n)) for n, p in filters.items()
        )

    def listed(self, listing: Operation, thing: Thing) -> Listed:
        """Return the entries of a listing in which a thing is."""
        return every_entry(self._caller, listing, self._kind.listing_path(listing, thing.created.path))

    def entry(self, listed: Listed, path: str) -> dict[str, Any] | None:
        """Return the entry of the resource at ``path``, None where there is none."""
        wanted = segment_of(path)
        found = (e for e in listed.entries if str(identity(e, self._kind.identifier)[0]) == wanted)
        return next(found, None)

    def identifies(self, listed: Listed) -> bool:
        """Whether every entry has an identifier; a listing without entries does."""
        return all(identity(entry, self._kind.identifier)[0] is not None for entry in listed.entries)


def _has_directions(shown: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(schema.get("readOnly") or schema.get("writeOnly") for schema in shown.values())


def _required(caller: Caller, kind: ResourceKind) -> list[Any]:
    required = caller.spec.resolved(kind.creation.body.get("schema")).get("required") if kind.creation.body else ()
    return required if isinstance(required, list) else []


def _default(caller: Caller, parameter: Mapping[str, Any]) -> bool:
    return "default" in caller.spec.resolved(parameter.get("schema", parameter))


def _short(value: Any) -> str:
    return cut(repr(value), 80)
