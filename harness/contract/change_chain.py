"""Changes one resource in every way that the document allows, and looks for each change where it must show."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice
from typing import Any

import httpx

from harness.contract.body_variations import word
from harness.contract.combined_changes import judge_combined
from harness.contract.invariants import (
    ANSWER_OUTDATED,
    CHANGE_IS_LISTED,
    CHANGE_STAYS,
    CHANGE_STAYS_WITHIN,
    LISTED_ALIKE,
    OUTDATED_TAG,
    OWN_TAG_REFUSED,
    PRECONDITION,
    READ_IS_FOUND,
    SECOND_COPY,
    TAG_CHANGES,
    TAG_OF_CHANGE,
    TAG_STAYS,
)
from harness.contract.kept_identity import judge_identity
from harness.contract.lifecycle import Lifecycle
from harness.contract.listings import Listed
from harness.contract.nested_members import judge_merge
from harness.contract.readback import STATES, agrees, resource_in, same
from harness.contract.replacement import judge_replacement
from harness.contract.resource_changes import MADE_UP_TAG, Changer, Thing
from harness.contract.resource_reader import GONE
from harness.contract.sample import Sample
from harness.contract.shown_changes import first_missing, unshown
from harness.core.plain_names import plain
from harness.openapi.operation import Operation

MOST_CHANGES = 30
"""Changes of one resource by one operation."""
_NOT_OFFERED = frozenset({401, 403, 405, 415, 501})
"""Statuses after which no other change is tried."""


class ChangeChain:
    """The changes of one operation."""

    def __init__(self, lifecycle: Lifecycle, operation: Operation, thing: Thing) -> None:
        self._life, self._operation, self._thing = lifecycle, operation, thing
        self._changer = Changer(lifecycle.caller, operation, lifecycle.writer.members)
        self._done: dict[str, Any] = {}
        """The members that were changed, with the values that were read last."""
        self._last: dict[str, Any] = {}
        """The last change."""

    def run(self) -> None:
        """Make each change and judge it; then those that must not be made."""
        thing = self._thing
        but = self._life.unlike
        every = chain(self._changer.changes(thing, but=but), self._changer.clearings(thing, but=but))
        for wanted in islice(every, MOST_CHANGES):
            body = self._changer.body(thing, wanted)
            if body is None:
                continue
            sample = self._changer.send(thing.path, body, tag=thing.tag)
            status = sample.response.status_code
            if status == httpx.codes.PRECONDITION_FAILED and self._is_refused_again(body):
                return
            if status in _NOT_OFFERED or (status in GONE and self._is_not_found(wanted)):
                return
            if sample.response.is_success and status != 202:
                self._judge(wanted, sample)
        if self._done:
            judge_combined(self._life, self._changer, thing, self._done)
            self._look_again()
            for listing in self._life.listed_by:
                self._judge_listing(listing)
            self._judge_precondition()
            judge_merge(self._life, self._changer, self._thing)
            if self._operation.method == "PUT":
                judge_replacement(self._life, self._changer, self._thing)

    def _look_again(self) -> None:
        """Read the changed thing again: a whole representation may have undone earlier changes."""
        self._read_again()
        self._done = {n: self._thing.document[n] for n in self._done if n in self._thing.document}

    def _read_again(self) -> Sample:
        """Read the thing after a change that is not judged, which may well have been made."""
        life, thing = self._life, self._thing
        read = life.reader.read(thing.path)
        if life.reader.document(thing, read):
            life.remember(thing, read)
        return read

    @property
    def _is_tagged(self) -> bool:
        """Whether the document promises ETags, and they stay while nothing is written."""
        kind = self._life.kind
        return kind.has_validators and not self._life.is_broken(kind.reading, TAG_STAYS)

    def _is_refused_again(self, body: Any) -> bool:
        """Whether a change is refused under the tag that a read before and one after it show."""
        thing, promised = self._thing, self._changer.has_preconditions
        before = self._life.reader.read(thing.path).response.headers.get("etag", "")
        status = self._changer.send(thing.path, body, tag=before).response.status_code
        after = self._read_again().response.headers.get("etag", "")
        if not promised or not before or before != after or status != httpx.codes.PRECONDITION_FAILED:
            return False
        observed = f"{self._operation.method} {thing.path} with If-Match: {before} answered 412, and GET still shows it"
        self._life.complain(self._operation, OWN_TAG_REFUSED, observed)
        return True

    def _is_not_found(self, wanted: Mapping[str, Any]) -> bool:
        """Whether the resource is not found even with the values that it has: a new one may refer to what is not."""
        thing = self._thing
        body = self._changer.body(thing, {n: thing.document[n] for n in wanted if n in thing.document})
        status = 0 if body is None else self._changer.send(thing.path, body, tag=thing.tag).response.status_code
        if not self._read_again().response.is_success or status not in GONE:
            return False
        where = f"{self._operation.method} {thing.path} answered {status}, and GET answers 200"
        self._life.complain(self._operation, READ_IS_FOUND, where)
        return True

    def _judge(self, wanted: dict[str, Any], sample: Sample) -> None:
        life, thing = self._life, self._thing
        before, tag = dict(thing.document), thing.tag

        def look() -> Sample:
            return life.reader.read(thing.path)

        if life.is_broken(self._operation, CHANGE_STAYS):
            read = look()
        else:
            read = life.patience.settled(
                look, lambda s: not first_missing(wanted, life.reader.document(thing, s), before)
            )
        thing.document, thing.tag = life.reader.document(thing, read), read.response.headers.get("etag", "")
        judge_identity(life, thing, before, wanted, sample)
        if not thing.document:
            thing.document = before
            return
        if name := first_missing(wanted, thing.document, before):
            life.complain(self._operation, CHANGE_STAYS, unshown(sample, name, thing.document, wanted[name]))
            return
        self._done |= wanted
        self._last = wanted
        thing.written |= {n: v for n, v in wanted.items() if n in thing.written}
        self._judge_answer(wanted, before, sample)
        self._judge_others(wanted, before)
        self._judge_tags(before, tag)
        answered = sample.response.headers.get("etag", "")
        if self._is_tagged and _differ(answered, thing.tag):
            observed = f"{self._operation.method} {thing.path} answered ETag {answered}, and GET {thing.tag}"
            life.complain(self._operation, TAG_OF_CHANGE, observed)

    def _judge_answer(self, wanted: Mapping[str, Any], before: Mapping[str, Any], sample: Sample) -> None:
        answer = resource_in(sample.document, wanted)
        for name, value in wanted.items():
            if name in answer and not agrees(value, answer[name]) and same(answer[name], before.get(name)):
                observed = f"{self._operation.method} {self._thing.path} answered {name} as {answer[name]!r:.80}"
                self._life.complain(self._operation, ANSWER_OUTDATED, f"{observed}, and GET shows the new value")

    def _judge_others(self, wanted: Mapping[str, Any], before: dict[str, Any]) -> None:
        """Judge the members that a change does not name; one of a choice may well decide about others."""
        if not self._changer.is_partial or not all(self._changer.is_plain(n, v) for n, v in wanted.items()):
            return
        earlier = Thing(self._thing.created, self._thing.path, self._thing.written)
        earlier.document = before
        if unlike := self._life.reader.unlike(earlier, self._thing.document, but=wanted):
            changed = f"PATCH {self._thing.path} of {', '.join(wanted)}"
            self._life.complain(self._operation, CHANGE_STAYS_WITHIN, f"{changed}: {unlike}")

    def _judge_tags(self, before: Mapping[str, Any], tag: str) -> None:
        life, thing = self._life, self._thing
        if not tag or all(thing.document.get(n) == v for n, v in before.items()):
            return
        reading = life.kind.reading
        if tag == thing.tag:
            if not tag.startswith("W/"):
                life.complain(reading, TAG_CHANGES, f"GET {thing.path}: {tag} before and after a change")
        elif not life.is_broken(reading, OUTDATED_TAG):
            status = life.reader.read(thing.path, {"If-None-Match": tag}).response.status_code
            if status == 304:
                life.complain(reading, OUTDATED_TAG, f"GET {thing.path} with If-None-Match: {tag} answered 304")

    def _judge_listing(self, listing: Operation) -> None:
        """Judge whether a listing shows what was changed."""
        life, thing = self._life, self._thing
        if life.is_broken(listing, LISTED_ALIKE) or life.is_broken(listing, CHANGE_IS_LISTED):
            return

        def outdated(entry: Mapping[str, Any] | None) -> str:
            names = [n for n, v in self._done.items() if entry and n in entry and not agrees(v, entry[n])]
            return next((n for n in names if plain(n) not in STATES), "")

        def look() -> dict[str, Any] | None:
            listed = life.reader.listed(listing, thing)
            self._judge_copies(listed)
            return life.reader.entry(listed, thing.path)

        entry = life.patience.settled(look, lambda e: not outdated(e))
        if entry and (name := outdated(entry)):
            observed = f"the entry of {thing.path} has {name} as {entry[name]!r:.80}, and GET {self._done[name]!r:.80}"
            life.complain(listing, CHANGE_IS_LISTED, observed)

    def _judge_copies(self, listed: Listed) -> None:
        """Look for another entry with a text that stands nowhere else, for it was made for a change."""
        life, thing = self._life, self._thing
        made = [
            n for n, v in self._last.items() if isinstance(v, str) and len(v) >= len(word()) and v == self._done.get(n)
        ]
        others = (e for e in listed.entries if isinstance(e, dict) and e is not life.reader.entry(listed, thing.path))
        if name := next((n for e in others for n in made if e.get(n) == self._last[n]), ""):
            observed = (
                f"{self._operation.method} {thing.path} of {name}, and a second entry is listed that has its value"
            )
            life.complain(self._operation, SECOND_COPY, observed)

    def _judge_precondition(self) -> None:
        """Ask for the last change again, of another version than there is."""
        thing = self._thing
        body = self._changer.body(thing, self._last)
        if not self._changer.heeds(thing.tag) or body is None:
            return
        status = self._changer.send(thing.path, body, tag=MADE_UP_TAG).response.status_code
        if 200 <= status < 300:
            observed = f"{self._operation.method} {thing.path} with If-Match: {MADE_UP_TAG} answered {status}"
            self._life.complain(self._operation, PRECONDITION, observed)


def _differ(answered: str, read: str) -> bool:
    """Whether two strong tags are certainly not of one content; frameworks make weak ones, of each answer."""
    is_strong = answered.startswith('"') and read.startswith('"')
    return is_strong and answered.replace("-gzip", "") != read.replace("-gzip", "")
