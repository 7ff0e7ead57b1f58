"""Creates resources, reads, lists, changes and deletes them, and compares what is read with what was written."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from harness.contract.body_variations import MOST_BODIES, BodyWriter
from harness.contract.caller import Caller, CallOptions
from harness.contract.invariants import (
    ANSWERED_AS_READ,
    CREATED_READABLE,
    DELETION_LISTED,
    IDS_DIFFER,
    LISTED,
    LISTED_ALIKE,
    LISTED_BELOW,
    NEVER_MATTERS,
    OTHERS_UNTOUCHED,
    READ_AS_WRITTEN,
    READ_BELOW,
    READ_IS_FOUND,
    READS_ALIKE,
    STILL_ANSWERS,
    Invariant,
)
from harness.contract.other_parents import listed_below_another, read_below_another
from harness.contract.path_resolver import PathResolver
from harness.contract.read_traces import READS, traces
from harness.contract.readback import is_bookkeeping, resource_in
from harness.contract.resource_changes import Thing
from harness.contract.resource_kinds import CREATED, ResourceKind, place_of
from harness.contract.resource_reader import GONE, Patience, ResourceReader
from harness.contract.sample import Sample
from harness.http.message import media_type
from harness.openapi.operation import Operation

_REFUSED = frozenset({400, 404, 409, 422})
"""Statuses after which another body may be taken."""


class Lifecycle:
    """The chain of one kind of resource; what does not hold is noted by operation and invariant."""

    def __init__(
        self,
        caller: Caller,
        kind: ResourceKind,
        patience: Patience,
        *,
        random_seed: int,
    ) -> None:
        """``random_seed`` decides the bodies of operations without an example."""
        self.caller, self.kind = caller, kind
        self.broken: dict[tuple[str, Invariant], str] = {}
        """By operation and invariant: what was observed."""
        self.why_not = ""
        """Why nothing could be judged; empty where something was."""
        self.patience = patience
        self.writer = BodyWriter(caller.spec, kind.creation, known=caller.resources.value, random_seed=random_seed)
        self.reader = ResourceReader(caller, kind, self.writer)
        self.unlike: set[str] = set()
        """Names of members that are not read as they were written."""
        self.listed_by: list[Operation] = []
        """The listings that have the first resource."""

    def begin(self) -> tuple[Thing, Thing | None] | None:
        """Create two resources, and read and list the first; None where that is not possible."""
        first = self._created(0)
        if first is None:
            return None
        self._judge_reading(first)
        self._judge_meaningless(first)
        second = self._beside(first)
        for listing in self.kind.listings:
            if self._judge_listing(listing, first):
                self.listed_by.append(listing)
                self._judge_elsewhere(listing, first)
            if second is not None:
                self._judge_listing(listing, second)
        return first, second

    def _judge_reading(self, first: Thing) -> None:
        reads = [self.reader.read(first.path) for _ in range(READS)]
        again = [self.reader.document(first, each) for each in reads]
        if again[0] and (unlike := self.reader.unlike(first, again[0])):
            self.complain(self.kind.reading, READS_ALIKE, f"GET {first.path}: {unlike}")
        for invariant, observed in traces(reads, again, has_validators=self.kind.has_validators):
            self.complain(self.kind.reading, invariant, observed)

    def end(self, first: Thing, second: Thing | None) -> bool:
        """Delete the first, where that is permitted, and look for it; return whether it was deleted."""
        is_deleted = self._deleted(first)
        if is_deleted and second is not None:
            assert self.kind.deletion is not None
            self.judge_untouched(second, self.kind.deletion)
        return is_deleted

    def remove(self, path: str) -> None:
        """Delete what was created at a path, where that is permitted."""
        if self.kind.deletion is not None and self._may_delete(path):
            self.caller.call(self.kind.deletion, path)

    def complain(self, operation: Operation, invariant: Invariant, observed: str) -> None:
        """Note what does not hold, once, unless there was no time to wait for it."""
        if not self.patience.is_exhausted:
            self.broken.setdefault((operation.label, invariant), observed)

    def is_broken(self, operation: Operation, invariant: Invariant) -> bool:
        """Whether that is known already, so that looking again would only take time."""
        return (operation.label, invariant) in self.broken

    def _created(self, number: int) -> Thing | None:
        made = self._made(number)
        if made is None:
            return None
        path, is_stated = place_of(self.kind, made)
        if not path or not self.caller.permits("GET", path):
            self.why_not = f"its answer names nothing that {self.kind.reading.label} reads"
            return None
        written = made.body if isinstance(made.body, dict) else {}
        thing = Thing(made, path, dict(written))
        return self._first_read(thing, is_stated=is_stated)

    def _made(self, number: int) -> Sample | None:
        path = PathResolver(self.caller).likeliest(self.kind.creation)
        if path is None:
            self.why_not = f"no value for the path of {self.kind.creation.label} is known"
            return None
        for body in islice(self.writer.bodies(number), MOST_BODIES):
            sample = self.caller.call(self.kind.creation, path, body)
            if sample.response.status_code in CREATED:
                return sample
            self.why_not = f"{self.kind.creation.label} answered {sample.answer}"
            if sample.response.status_code not in _REFUSED:
                break
        return None

    def _first_read(self, thing: Thing, *, is_stated: bool) -> Thing | None:
        def is_expected(sample: Sample) -> bool:
            return not self._is_gone(sample) and not self._unlike_written(thing, sample)

        read = self.patience.settled(lambda: self.reader.read(thing.path), is_expected)
        status = read.response.status_code
        if self._is_gone(read) and is_stated:
            created = thing.created
            made = f"{created.operation.method} {created.path} answered {created.response.status_code}"
            self.complain(self.kind.creation, CREATED_READABLE, f"{made}, and GET {thing.path} answered {status}")
        self.remember(thing, read)
        if not thing.document:
            self.why_not = f"GET {thing.path} answered {status}" + ("" if read.document else " without a JSON object")
            return None
        is_new = self.kind.is_below and thing.created.response.status_code == 201
        if not is_new and not self.reader.is_recognised(thing):
            self.why_not = f"nothing shows that GET {thing.path} reads what was created"
            return None
        if unlike := self._unlike_written(thing, read):
            self.unlike |= unlike.keys()
            self.complain(self.kind.creation, READ_AS_WRITTEN, f"GET {thing.path}: {'; '.join(unlike.values())}")
        if misstated := self.reader.misstated(thing):
            self.complain(self.kind.creation, ANSWERED_AS_READ, f"GET {thing.path}: {misstated}")
        self.why_not = ""
        return thing

    def _judge_meaningless(self, thing: Thing) -> None:
        """Read a thing with what must not matter: an unknown query parameter, and one media type of several."""
        kind = media_type(thing.read_as)
        reads: list[tuple[str, CallOptions]] = [("?harness-unknown=1", {"params": {"harness-unknown": "1"}})]
        if kind:
            accepted = f"text/x-harness;q=0.5, {kind}"
            reads.append((f" with Accept: {accepted}", {"headers": {"Accept": accepted}}))
        for named, given in reads:
            response = self.caller.send(self.kind.reading, thing.path, **given).response
            if response is None:
                continue
            status = response.status_code
            answer = Sample(operation=self.kind.reading, path=thing.path, body=None, response=response)
            document = self.reader.document(thing, answer)
            unlike = self.reader.unlike(thing, document) if document else ""
            may_refuse = "params" in given and status < 500  # some APIs take no parameter that they do not know
            if unlike or (status in (406, 500) and not may_refuse):
                shown = unlike or f"HTTP {status}"
                self.complain(self.kind.reading, NEVER_MATTERS, f"GET {thing.path}{named}: {shown}")

    def _unlike_written(self, thing: Thing, sample: Sample) -> dict[str, str]:
        document = self.reader.document(thing, sample)
        return self.reader.unlike_written(thing, document) if document else {}

    def remember(self, thing: Thing, read: Sample) -> None:
        """Note the latest representation of a thing."""
        thing.document = self.reader.document(thing, read)
        thing.read_as = read.response.headers.get("content-type", "")
        thing.tag = read.response.headers.get("etag", "") if read.response.is_success else ""

    @staticmethod
    def _is_gone(sample: Sample) -> bool:
        return sample.response.status_code in GONE

    def _beside(self, first: Thing) -> Thing | None:
        """Create a second resource, which leaves the first as it was."""
        second = self._created(1)
        self.why_not = ""
        if second is None:
            return None
        if second.path != first.path:
            self.judge_untouched(first, self.kind.creation)
            return second
        # A provider may take the same key for the same resource.
        texts = [n for n, v in first.written.items() if n in second.written and self.writer.is_text(n, v)]
        if texts and all(first.written[n] != second.written[n] for n in texts):
            self.complain(self.kind.creation, IDS_DIFFER, f"two calls with different bodies made {first.path}")
        first.written, first.document, first.tag = second.written, second.document, second.tag
        return None

    def judge_untouched(self, thing: Thing, operation: Operation) -> None:
        """Judge whether a write to another resource left a thing alone."""
        if self.is_broken(operation, OTHERS_UNTOUCHED):
            return

        def unlike(sample: Sample) -> str:
            if self._is_gone(sample):
                return f"it answers {sample.response.status_code}"
            document = self.reader.document(thing, sample)
            return self.reader.unlike(thing, document) if document else ""

        read = self.patience.settled(lambda: self.reader.read(thing.path), lambda s: not unlike(s))
        if found := unlike(read):
            where = f"GET {thing.path} after {operation.label} of another resource: {found}"
            self.complain(operation, OTHERS_UNTOUCHED, where)
        self.remember(thing, read)

    def _judge_listing(self, listing: Operation, thing: Thing) -> bool:
        """Judge whether a listing shows a thing, and as it is; return whether it is there."""
        if not self.caller.permits("GET", self.kind.listing_path(listing, thing.created.path)):
            return False
        listed = self.patience.settled(
            lambda: self.reader.listed(listing, thing),
            lambda found: self.reader.entry(found, thing.path) is not None,
        )
        entry = self.reader.entry(listed, thing.path)
        if entry is not None:
            if not self.is_broken(self.kind.creation, OTHERS_UNTOUCHED):
                self._compare_entry(listing, thing, entry)
        elif listed.is_whole and self.reader.lists_all(listing) and self.reader.identifies(listed):
            observed = f"{thing.path} is none of its {len(listed.entries)} entries"
            self.complain(listing, LISTED, observed)
        return entry is not None

    def _judge_elsewhere(self, listing: Operation, thing: Thing) -> None:
        own = self.kind.listing_path(listing, thing.created.path)
        if path := listed_below_another(self.caller, self.reader, listing, own, thing):
            self.complain(listing, LISTED_BELOW, f"GET {path} lists what was created by POST {thing.created.path}")
        if path := read_below_another(self.caller, self.reader, self.kind.reading, thing):
            self.complain(self.kind.reading, READ_BELOW, f"GET {path} reads what was created below {own}")

    def _compare_entry(self, listing: Operation, thing: Thing, entry: Mapping[str, Any]) -> None:
        shown = {name: value for name, value in entry.items() if name in thing.document}
        hidden = {n for n in thing.document if n not in shown}
        if unlike := self.reader.unlike(thing, shown, but=hidden | self.unlike):
            self.complain(listing, LISTED_ALIKE, f"the entry of {thing.path}: {unlike} in the listing")

    def _may_delete(self, path: str) -> bool:
        return self.kind.deletion is not None and self.caller.permits("DELETE", path)

    def _deleted(self, thing: Thing) -> bool:
        """Delete a thing and look for it; whether it was deleted."""
        deletion = self.kind.deletion
        if deletion is None or not self._may_delete(thing.path):
            return False
        deleted = self.caller.call(deletion, thing.path)
        if self._is_gone(deleted) and self.reader.read(thing.path).response.is_success:
            status = deleted.response.status_code
            self.complain(deletion, READ_IS_FOUND, f"DELETE {thing.path} answered {status}, and GET 200")
        if not deleted.response.is_success or deleted.response.status_code == 202:
            return False
        read = self.patience.settled(lambda: self.reader.read(thing.path), self._is_gone)
        if read.response.is_success and not self._is_marked(thing, self.reader.document(thing, read)):
            where = f"GET {thing.path} answered {read.response.status_code} after DELETE {thing.path} had succeeded"
            self.complain(self.kind.reading, STILL_ANSWERS, where)
        elif self._is_gone(read):
            for listing in self.listed_by:
                self._look_for_listed(thing, listing)
        return True

    def _look_for_listed(self, thing: Thing, listing: Operation) -> None:
        listed = self.patience.settled(
            lambda: self.reader.listed(listing, thing), lambda found: self.reader.entry(found, thing.path) is None
        )
        entry = self.reader.entry(listed, thing.path)
        if entry is not None and not self._is_marked(thing, entry):
            self.complain(listing, DELETION_LISTED, f"{thing.path} is listed, and cannot be read")

    @staticmethod
    def _is_marked(thing: Thing, document: Mapping[str, Any]) -> bool:
        """Whether what is shown of a deleted thing is anything new but its bookkeeping, such as a state."""
        shown = resource_in(document, thing.document)
        names = [n for n in shown if not is_bookkeeping(n)]
        return any(n not in thing.document or shown[n] != thing.document[n] for n in names)
