"""Pagination: a listing ends, never shows an entry twice, and never leads back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import msgspec

from harness.contract.caller import ITEM, Caller, Sample, broken
from harness.contract.document import Described
from harness.model import Finding, Outcome

SMALL_PAGES = 3
"""Pages of two entries at the start, so that even a short listing shows how pages follow one another."""
MAX_PAGES = 300
SIZES = ("limit", "per_page", "perPage", "page_size", "pageSize", "max_results", "maxResults", "size")
CURSORS = ("cursor", "page_token", "pageToken", "next_token", "nextToken", "after", "starting_after", "continuation")
NEXT = ("nextCursor", "next_cursor", "nextPageToken", "next_page_token", "nextToken", "next_token", "next", "cursor")
ITEMS = ("items", "data", "results", "values", "entries", "records")
IDS = ("id", "uuid", "uid", "key", "name")
SOURCE = "a page begins right after the one before; RFC 8288 section 3 for links"

Params = dict[str, Any]


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which pages name the next one."""

    id: str
    next: Callable[[Sample, Params, frozenset[str]], Params | None]
    """The query of the next page, given the page, its query and the declared parameters; None after the last."""


def _by_link(page: Sample, _params: Params, _declared: frozenset[str]) -> Params | None:
    target = page.response.links.get("next", {}).get("url")
    return dict(httpx.URL(target).params) if target else None


def _by_cursor(page: Sample, params: Params, declared: frozenset[str]) -> Params | None:
    document = page.document
    named = next((c for c in CURSORS if c in declared), None)
    if named is None or not isinstance(document, dict):
        return None
    told = next((document[n] for n in NEXT if isinstance(document.get(n), str) and document[n]), None)
    return {**params, named: told} if told else None


def _by_url(page: Sample, params: Params, _declared: frozenset[str]) -> Params | None:
    document = page.document
    told = document.get("next") if isinstance(document, dict) else None
    is_url = isinstance(told, str) and told.startswith(("http://", "https://", "/", "?"))
    return {**params, **dict(page.response.request.url.join(str(told)).params)} if is_url else None


def _by_number(page: Sample, params: Params, declared: frozenset[str]) -> Params | None:
    if "page" not in declared or not entries(page):
        return None
    return {**params, "page": int(params.get("page", 1)) + 1}


def _by_offset(page: Sample, params: Params, declared: frozenset[str]) -> Params | None:
    named = next((n for n in ("offset", "skip") if n in declared), None)
    found = entries(page)
    return {**params, named: int(params.get(named, 0)) + len(found)} if named and found else None


PAGINGS: tuple[Paging, ...] = (
    Paging(id="link header", next=_by_link),
    Paging(id="next url", next=_by_url),
    Paging(id="cursor", next=_by_cursor),
    Paging(id="page number", next=_by_number),
    Paging(id="offset", next=_by_offset),
)


def entries(page: Sample) -> list[Any]:
    """Return the entries of a page: the array that is the answer, or the one it holds."""
    document = page.document
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return []
    named = next((document[n] for n in ITEMS if isinstance(document.get(n), list)), None)
    return named if named is not None else next((v for v in document.values() if isinstance(v, list)), [])


def judge_pages(caller: Caller, created: Mapping[str, Sample]) -> list[Finding]:
    """Walk every listing to its end; ``created`` are the calls that add to it, by path."""
    found = []
    for operation in caller.operations.values():
        declared = frozenset(p["name"] for p in caller.document.parameters(operation) if p.get("in") == "query")
        if operation.method == "GET" and "{" not in operation.path and declared & {*SIZES, *CURSORS, "page", "offset"}:
            found.append(_judged(caller, operation, declared, created.get(operation.path)))
    if not found:
        return [_not_known("no listing", "the spec describes no parameter that turns pages")]
    return found


def _judged(caller: Caller, operation: Described, declared: frozenset[str], creates: Sample | None) -> Finding:
    for _ in range(SMALL_PAGES if creates else 0):
        assert creates is not None
        caller.call(creates.operation, creates.path, creates.body)
    trouble, pages, count = "", 0, 0
    for _ in range(2):  # entries that come and go meanwhile may look like a fault; a real one shows again
        trouble, pages, count = _walked(caller, operation, declared)
        if not trouble:
            break
    if trouble.startswith(("HTTP 401", "HTTP 403")):
        return _not_known(operation.label, f"the credential is refused ({trouble})")
    if trouble:
        return broken(f"{operation.label}: {trouble}", f"page {pages} of the listing", source=SOURCE)
    if pages < 2:
        return _not_known(operation.label, f"it has one page of {count} entries; it takes more to tell")
    if pages >= MAX_PAGES:
        return _not_known(operation.label, f"it did not end within {MAX_PAGES} pages, of which none repeats another")
    summary = f"{operation.label}: {pages} pages end, and no entry of {count} comes twice"
    return Finding(item=ITEM, outcome=Outcome.PASS, summary=summary, source=SOURCE)


def _walked(caller: Caller, operation: Described, declared: frozenset[str]) -> tuple[str, int, int]:
    """Turn pages until the last; return what is wrong, the number of pages and of entries."""
    seen: set[str] = set()
    asked: set[str] = set()
    for number, (params, page) in enumerate(_pages(caller, operation, declared), start=1):
        if not page.response.is_success:
            return f"HTTP {page.response.status_code} instead of page {number}", number, len(seen)
        if (query := json.dumps(params, sort_keys=True)) in asked:
            return "its pages lead back to one seen before", number, len(seen)
        asked.add(query)
        ids = [_identity(entry) for entry in entries(page)]
        if repeated := next((i for i in ids if i in seen), None):
            return f"an entry comes twice ({repeated[:80]})", number, len(seen)
        seen.update(ids)
        if number >= MAX_PAGES:
            break
    return "", len(asked), len(seen)


def _pages(caller: Caller, operation: Described, declared: frozenset[str]) -> Iterator[tuple[Params, Sample]]:
    size, largest = _size(caller, operation)
    params: Params | None = {size: 2} if size else {}
    number = 0
    while params is not None:
        if size and number >= SMALL_PAGES:
            params = {**params, size: largest}
        page = caller.call(operation, operation.path, params=params)
        yield params, page
        number += 1
        following = (p.next(page, params, declared) for p in PAGINGS)
        params = next((f for f in following if f is not None), None)


def _size(caller: Caller, operation: Described) -> tuple[str, int]:
    """Return the parameter for the size of a page and the largest it allows."""
    for parameter in caller.document.parameters(operation):
        if parameter["name"] in SIZES and parameter.get("in") == "query":
            maximum = caller.document.resolved(parameter.get("schema")).get("maximum")
            return parameter["name"], min(int(maximum), 1000) if isinstance(maximum, int | float) else 100
    return "", 0


def _identity(entry: Any) -> str:
    named = next((entry[k] for k in IDS if k in entry), None) if isinstance(entry, dict) else None
    return json.dumps(entry if named is None else named, sort_keys=True)


def _not_known(label: str, why: str) -> Finding:
    return Finding(
        item=ITEM,
        outcome=Outcome.NOT_APPLICABLE,
        summary=f"{label}: how pages follow one another was not seen: {why}",
        source=SOURCE,
    )
