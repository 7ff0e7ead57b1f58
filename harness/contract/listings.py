"""All entries of a listing, from its first page to its last."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import Any

import msgspec

from harness.contract.body_variations import MOST_BODIES, BodyWriter
from harness.contract.caller import Caller
from harness.contract.page_statements import entries, statements, total_of
from harness.contract.paging import BEYOND, NUMBERS, OFFSETS, PageTurner, Params
from harness.contract.resource_kinds import kinds, place_of
from harness.contract.sample import Sample
from harness.openapi.given_names import CURSORS
from harness.openapi.operation import Operation

MAX_PAGES = 30
SURELY_SHORT = 10
"""Fewer entries than this are no full page, whatever the largest page of a provider is."""
SIZES = ("limit", "per_page", "perPage", "page_size", "pageSize", "max_results", "maxResults", "size")
"""Names of parameters for the size of a page."""
TURNS = frozenset({*SIZES, *CURSORS, *NUMBERS, *OFFSETS})
"""Names of parameters that turn pages."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What a listing has."""

    entries: list[Any]
    is_whole: bool
    """Whether its end was reached."""
    status: int
    """Of the last page."""
    total: int | None = None
    """How many there are, as the pages state it; None where they state nothing that is surely that."""

    @property
    def miscounted(self) -> str:
        """How the number that the pages state differs from that of the entries; empty where it does not."""
        number = len(self.entries)
        if not self.is_whole or self.total in (None, number):
            return ""
        return f"it states {self.total} entries in all, and lists {number}"


class EntryMaker:
    """Adds entries to one listing, each unlike the others, and removes them again.

    They are created at the path of the listing, else where the document creates what the listing shows:
    `POST /authors/{id}/books` for `GET /books`.
    """

    def __init__(self, caller: Caller, listing: Operation, path: str, known: Sample | None = None) -> None:
        """``known`` is a creation that succeeded: its body is sent where no other one is taken."""
        self._caller, self._known = caller, known
        own = caller.operations.get(f"POST {listing.path}")
        shown = (kind for kind in kinds(caller) if (kind.creation is own if own else listing in kind.listings))
        self._kind = next(shown, None)
        self._creation = own or (self._kind.creation if self._kind else None)
        elsewhere = None if own or self._creation is None else caller.resources.filled(self._creation.path)
        self._path = elsewhere or path
        self._made: list[Sample] = []
        self._refused = own is None and elsewhere is None

    @cached_property
    def _writer(self) -> BodyWriter:
        assert self._creation is not None
        return BodyWriter(self._caller.spec, self._creation, known=self._caller.resources.value, random_seed=1)

    def add(self, count: int) -> int:
        """Add entries, where the document has an operation for that; return how many were added."""
        before = len(self._made)
        for number in range(count):
            if self._creation is None or self._refused:
                break
            self._add(self._creation, before + number)
        return len(self._made) - before

    def _add(self, creation: Operation, number: int) -> None:
        known = [] if self._known is None else [self._known.body]
        for body in (*islice(self._writer.bodies(number), MOST_BODIES), *known):
            sample = self._caller.call(creation, self._path, body)
            if sample.response.is_success:
                self._made.append(sample)
                return
        self._refused = True

    def remove(self) -> None:
        """Delete what was added, where that is permitted."""
        deletion = None if self._kind is None else self._kind.deletion
        for sample in self._made:
            path = "" if self._kind is None else place_of(self._kind, sample)[0]
            if deletion is not None and path and self._caller.permits("DELETE", path):
                self._caller.call(deletion, path)


def every_entry(
    caller: Caller, operation: Operation, path: str, params: Params | None = None, *, most: int = 1000
) -> Listed:
    """Turn the pages of a listing at ``path``, of ``most`` entries; ``params`` are asked for with each page."""
    names = queries(operation)
    size, largest = page_size(caller, operation)
    largest = min(largest, most)
    query: Params | None = {**(params or {}), **({size: largest} if size else {})}
    turner = PageTurner(frozenset(names))
    found: list[Any] = []
    status, total = 0, None
    for number in range(MAX_PAGES):
        assert query is not None
        page = caller.call(operation, path, params=query)
        status = page.response.status_code
        if turner.is_calculated and status in BEYOND:
            return Listed(entries=found, is_whole=True, status=200, total=total)
        if not page.response.is_success:
            return Listed(entries=found, is_whole=False, status=status)
        found += entries(page)
        query = turner.after(page, query)
        total = total_of(page, is_only=number == 0 and query is None)
        if query is None:
            stated = statements(page)
            is_end = stated.is_last or stated.total is not None or TURNS.isdisjoint(names)
            is_whole = number > 0 or is_end or len(found) < SURELY_SHORT
            return Listed(entries=found, is_whole=is_whole, status=status, total=total)
    return Listed(entries=found, is_whole=False, status=status)


def queries(operation: Operation) -> dict[str, dict[str, Any]]:
    """Return the query parameters of an operation by name."""
    return {p["name"]: p for p in operation.parameters if p.get("in") == "query"}


def page_size(caller: Caller, operation: Operation) -> tuple[str, int]:
    """Return the parameter for the size of a page and the largest it allows."""
    for name, parameter in queries(operation).items():
        schema = caller.spec.resolved(parameter.get("schema", parameter))
        if name in SIZES and schema.get("type") != "string":
            maximum = schema.get("maximum")
            return name, min(int(maximum), 1000) if isinstance(maximum, int | float) else 100
    return "", 0
