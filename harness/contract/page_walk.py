"""Turns the pages of one listing to its end, adds an entry on the way, and compares with one large page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import msgspec

from harness.contract.caller import Caller
from harness.contract.identifiers import IDS
from harness.contract.listings import EntryMaker, page_size
from harness.contract.page_statements import ITEMS, entries
from harness.contract.paging import BEYOND, NUMBERS, OFFSETS, PageTurner, Params
from harness.contract.sample import Sample
from harness.core.cutting import cut
from harness.openapi.operation import Operation

SMALL_PAGES = 3
"""Pages of two entries at the start, so that even a short listing shows how pages follow one another."""
SMALL = 2
MAX_PAGES = 300
_POSITIONS = frozenset({*NUMBERS, *OFFSETS, "start", "from", "begin", "startAt", "startIndex", "start_index", "p"})
"""Names in a query that count entries or pages: an entry that is added at the front then moves all others."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A listing at a path without a gap."""

    operation: Operation
    path: str
    declared: frozenset[str]
    """Names of its query parameters."""
    needed: Params
    """Parameters it requires."""


class PageFault(NamedTuple):
    """What may be wrong with pages, and what to do about that."""

    cause: str
    """Without anything of the entries."""
    fix: str


_AFTER_THE_LAST = (
    "Order the listing by something unique, and begin each page right after the last entry of the one before, as a "
    "cursor that names that entry does."
)
NO_PAGE = PageFault(
    "HTTP {status} instead of {which} page",
    "Answer every page that the spec offers or the one before names; the last page names none.",
)
LEADS_BACK = PageFault(
    "its pages lead back to one seen before",
    "Let each page name the one after it, and the last one none.",
)
LONGER = PageFault(
    "a page is longer than asked for",
    "Return at most as many entries as the request asks for, or take the parameter out of the spec.",
)
TWICE = PageFault("an entry comes twice", _AFTER_THE_LAST)
MISSING = PageFault("an entry is missing between its pages", _AFTER_THE_LAST)
MISCOUNTED = PageFault(
    "the number that it states is not that of its entries",
    "Count the entries that the listing has by the same query that selects them, or state no number.",
)


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What turning pages came to."""

    trouble: PageFault | None = None
    """None when nothing is wrong."""
    example: str = ""
    pages: int
    count: int
    status: int
    """Of the last page."""


class PageWalk:
    """One walk through all pages."""

    def __init__(self, caller: Caller, listing: Listing, maker: EntryMaker) -> None:
        """``maker`` adds an entry while the pages are turned."""
        self._caller, self._listing, self._maker = caller, listing, maker
        self._size, self._largest = page_size(caller, listing.operation)
        self._asked: dict[str, Any] = {}

    def run(self) -> Walked:
        """Turn pages until the last."""
        before = self._large_page()
        seen: dict[str, None] = {}
        queries: set[str] = set()
        status = 0
        for number, (params, page) in enumerate(self._pages(), start=1):
            status = page.response.status_code
            walked = partial(Walked, pages=number, count=len(seen), status=status)
            if not page.response.is_success:
                asked = page.response.request.url.raw_path.decode("ascii", "replace")
                which = "its first" if number == 1 else "a further"
                trouble = NO_PAGE._replace(cause=NO_PAGE.cause.format(status=status, which=which))
                return walked(trouble=trouble, example=f"GET {asked} answered {page.answer}")
            if (query := json.dumps(params, sort_keys=True)) in queries:
                return walked(trouble=LEADS_BACK, example=query)
            queries.add(query)
            ids = [_identity(entry) for entry in entries(page)]
            if self._is_longer(params, page, len(ids)):
                return walked(trouble=LONGER, example=f"{len(ids)} entries, with {query}")
            if repeated := next((i for i in ids if i in seen), None):
                return walked(trouble=TWICE, example=cut(repeated, 80))
            seen.update(dict.fromkeys(ids))
            if number >= MAX_PAGES:
                break
        lost = self._lost(before, list(seen)) if 1 < len(queries) < MAX_PAGES else ""
        return Walked(
            trouble=MISSING if lost else None, example=cut(lost, 80), pages=len(queries), count=len(seen), status=status
        )

    def _pages(self) -> Iterator[tuple[Params, Sample]]:
        size, listing = self._size, self._listing
        params: Params | None = {**listing.needed, **({size: self._smallest} if size else {})}
        turner = PageTurner(listing.declared)
        number = 0
        while params is not None:
            if size and number >= SMALL_PAGES and NUMBERS.isdisjoint(params):  # numbers count pages of one size
                params = {**params, size: self._largest}
            page = self._caller.call(listing.operation, listing.path, params=params)
            if turner.is_calculated and page.response.status_code in BEYOND:
                return
            yield params, page
            number += 1
            params = turner.after(page, params)
            if number == 1 and params and not turner.is_calculated and _POSITIONS.isdisjoint(params):
                self._maker.add(1)

    @property
    def _smallest(self) -> int:
        parameter = next(p for p in self._listing.operation.parameters if p["name"] == self._size)
        minimum = self._caller.spec.resolved(parameter.get("schema", parameter)).get("minimum")
        return max(SMALL, int(minimum)) if isinstance(minimum, int | float) else SMALL

    def _large_page(self) -> list[str]:
        """Return what one large page lists, in its order; nothing where its size cannot be chosen."""
        if not self._size:
            return []
        params = {**self._listing.needed, self._size: self._largest}
        page = self._caller.call(self._listing.operation, self._listing.path, params=params)
        return [_identity(entry) for entry in entries(page)] if page.response.is_success else []

    def _is_longer(self, params: Params, page: Sample, count: int) -> bool:
        asked = params.get(self._size) if self._size else None
        try:
            return asked is not None and count > int(asked) and _has_one_list(page.document)
        except (TypeError, ValueError):
            return False  # a size that the provider wrote into its own link

    def _lost(self, before: list[str], seen: list[str]) -> str:
        """Return an entry that a large page lists before and after the walk, and that no page of the walk has.

        Where the two do not agree on the order, nothing is known.
        """
        places = {identity: at for at, identity in enumerate(before)}
        common = [places[i] for i in seen if i in places]
        missing = [i for i in before if i not in seen]
        if not missing or not common or common != sorted(common):
            return ""
        after = set(self._large_page())
        return next((i for i in missing if i in after), "")


def _has_one_list(document: Any) -> bool:
    """Whether it is clear which list of an answer has its entries."""
    if not isinstance(document, dict):
        return True
    lists = [name for name, value in document.items() if isinstance(value, list) and value]
    return len(lists) == 1 or (bool(lists) and lists[0] in ITEMS)


def _identity(entry: Any) -> str:
    named = next((entry[k] for k in IDS if k in entry), None) if isinstance(entry, dict) else None
    return json.dumps(entry if named is None else named, sort_keys=True)
