"""Changes of a resource as the document allows them: PATCH of one member at a time, PUT of the whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from harness.contract.body_variations import is_free, is_hard, members, values
from harness.contract.caller import Caller
from harness.contract.readback import STATES, agrees, is_compared, is_empty
from harness.contract.sample import Sample
from harness.core.plain_names import plain
from harness.core.pointers import pointer_of
from harness.openapi.operation import Operation

_MERGE_PATCH = "application/merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
MADE_UP_TAG = '"harness-made-up"'
_ROUNDS = range(3)
"""Values of one member, each of which is written when all members had the one before."""


class Thing:
    """A resource that the chain made, and what is known of it."""

    def __init__(self, created: Sample, path: str, written: dict[str, Any]) -> None:
        self.created, self.path, self.written = created, path, written
        self.document: dict[str, Any] = {}
        """As it was read last."""
        self.tag = ""
        """Its ETag then; empty for none."""
        self.read_as = ""
        """The content type of that answer."""


class Changer:
    """Makes and sends the changes of one operation."""

    def __init__(self, caller: Caller, operation: Operation, known: Mapping[str, dict[str, Any]]) -> None:
        """``known`` are the members of a creation, for a kind of change whose schema names none."""
        self.operation = operation
        self._caller = caller
        kinds = [kind.partition(";")[0].strip().lower() for kind in operation.bodies]
        sendable = (kind for kind in ("application/json", _MERGE_PATCH, _JSON_PATCH) if kind in kinds)
        self._kind = next(sendable, "application/json")
        place = next((at for kind, at in operation.bodies.items() if kind.lower().startswith(self._kind)), "")
        self._fits = caller.spec.of_requests.at(place) if place else None
        schema = caller.spec.at(place) if place else None
        self.members = members(caller.spec, schema) or dict(known)
        """Schemas of the members that may be changed, by name."""
        self._is_taken = False
        """Whether the last change was accepted."""
        self._matches = next((p["name"] for p in operation.parameters if str(p["name"]).lower() == "if-match"), "")

    @property
    def is_partial(self) -> bool:
        """Whether a body names only what is changed."""
        return self.operation.method == "PATCH"

    @property
    def merges(self) -> bool:
        """Whether a body is a merge patch, in which a member of a member is named by itself (RFC 7396)."""
        return self._kind == _MERGE_PATCH and self.is_partial

    @property
    def has_preconditions(self) -> bool:
        """Whether the document promises that If-Match is heeded (RFC 9110 section 13.1.1)."""
        return bool(self._matches) or "412" in self.operation.responses

    def heeds(self, tag: str) -> bool:
        """Whether If-Match is promised for a resource with an ETag; frameworks add weak ones by themselves."""
        return bool(tag) and (bool(self._matches) or (self.has_preconditions and not tag.startswith("W/")))

    def changes(self, thing: Thing, *, but: Collection[str] = ()) -> Iterator[dict[str, Any]]:
        """Yield members with new values for a thing: all together for PUT, then one after the other, states last.

        Truths are undone soon, for a resource that is switched off may be shown otherwise.
        """
        shown = [n for n in self.members if n in thing.document and n not in but]
        names = [n for n in shown if is_compared(n, self.members[n]) and _is_changeable(n, self.members[n])]
        if not self.is_partial:
            whole = [n for n in names if plain(n) not in STATES]
            for at in _ROUNDS:
                yield {n: v[at] for n in whole if len(v := self._new(n, thing)) > at}
            names = [n for n in names if plain(n) in STATES] if self._is_taken else names
        names.sort(key=lambda n: (plain(n) in STATES, self.members[n].get("type") != "boolean"))
        for at in _ROUNDS:
            yield from ({name: new[at]} for name in names if len(new := self._new(name, thing)) > at)

    def is_plain(self, name: str, value: Any) -> bool:
        """Whether a new value decides nothing about other members, as one of a choice, or none, may."""
        is_choice = isinstance(value, bool | list) or "enum" in self.members[name] or plain(name) in STATES
        return not (is_choice or is_empty(value))

    def plain_change(self, thing: Thing, *, but: Collection[str] = ()) -> dict[str, Any]:
        """Return one change that hides nothing, as that of a truth or a state may; an empty one where there is none."""
        every = self.changes(thing, but=but)
        plainly = (c for c in every if not any(isinstance(v, bool) or plain(n) in STATES for n, v in c.items()))
        return next(plainly, {})

    def clearings(self, thing: Thing, *, but: Collection[str] = ()) -> Iterator[dict[str, Any]]:
        """Yield members that have a value with null or no text in its place, where a PATCH may have that."""
        for name, schema in self.members.items() if self.is_partial else ():
            free = name not in but and is_compared(name, schema) and _is_changeable(name, schema)
            is_text = schema.get("type") == "string" and not {"enum", "format"} & schema.keys()
            for nothing in (None, "") if is_text else (None,):
                if free and not is_empty(thing.document.get(name)) and self._is_valid({name: nothing}):
                    yield {name: nothing}

    def _new(self, name: str, thing: Thing) -> list[Any]:
        """Return up to three other values of a member: the second is zero where it may be, the third hard to store."""
        current, schema = thing.document.get(name), self.members[name]
        other = [v for v in values(schema, current) if not agrees(v, current) and v != ""]
        fitting = [v for v in other if self.body(thing, {name: v}) is not None]
        if schema.get("type") == "boolean":
            return [*fitting[:1], *fitting[:1]]  # the second undoes the first, for it is asked for again
        falsy = [v for v in fitting[1:] if v == 0]
        second = (falsy or [v for v in fitting[1:] if not is_hard(v)])[:1]
        return [*fitting[:1], *second, *[v for v in fitting[1:] if is_hard(v)][:1]]

    def body(self, thing: Thing, wanted: Mapping[str, Any]) -> Any:
        """Return the body that changes these members, None where the document of the API allows none."""
        if not wanted:
            return None
        if self._kind == _JSON_PATCH:
            replaced = [{"op": "replace", "path": pointer_of(n), "value": v} for n, v in wanted.items()]
            return replaced if self._is_valid(replaced) else None
        writable = {n for n, s in self.members.items() if s.get("readOnly") is not True}
        read = {n: v for n, v in thing.document.items() if n in writable}
        written = {n: v for n, v in thing.written.items() if n in writable}
        options = [{**written, **read, **wanted}, {**read, **written, **wanted}, {**written, **wanted}]
        return next((b for b in ([dict(wanted)] if self.is_partial else []) + options if self._is_valid(b)), None)

    @property
    def takes_nothing(self) -> bool:
        """Whether an empty body is valid, so that a document asks for no whole representation."""
        return self._is_valid({})

    def body_without(self, thing: Thing, names: Collection[str]) -> dict[str, Any] | None:
        """Return the whole of a thing without as many of these members as the document allows; None for none."""
        body = self.body(thing, {n: thing.document[n] for n in names})
        for name in names if isinstance(body, dict) else ():
            less = {n: v for n, v in body.items() if n != name}
            body = less if self._is_valid(less) else body
        return body if isinstance(body, dict) else None

    def _is_valid(self, body: Any) -> bool:
        return self._fits is not None and bool(self._fits.is_valid(body))

    def send(self, path: str, body: Any, *, tag: str = "") -> Sample:
        """Send a change; ``tag`` is the ETag that it expects, sent where the document has If-Match."""
        content = json.dumps(body).encode()
        sample = self._caller.call(self.operation, path, body, content=content, headers=self.headers(tag))
        self._is_taken = sample.response.is_success
        return sample

    def send_unjudged(self, path: str, body: Any, *, tag: str = "") -> bool:
        """Send what may be refused in whatever way; return whether it was taken."""
        content = json.dumps(body).encode()
        response = self._caller.send(self.operation, path, content=content, headers=self.headers(tag)).response
        return response is not None and response.is_success and response.status_code != 202

    def headers(self, tag: str) -> dict[str, str]:
        """Return those of a call: its media type, and the ETag that it expects, where the document has If-Match."""
        headers = {"Content-Type": self._kind} if self.operation.bodies else {}
        if tag and self.has_preconditions:
            headers[self._matches or "If-Match"] = tag
        return headers


def _is_changeable(name: str, schema: Mapping[str, Any]) -> bool:
    return is_free(name, schema) or (plain(name) in STATES and "enum" in schema)
