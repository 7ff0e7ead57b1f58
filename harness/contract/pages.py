"""Pagination: a listing ends, never shows an entry twice, and never leads back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from harness.contract.caller import Caller, broken
from harness.contract.created_resources import IDS
from harness.contract.page_statements import entries
from harness.contract.paging import BEYOND, CURSORS, FIRST, NUMBERS, OFFSETS, PageTurner, Params
from harness.contract.path_resolver import PathResolver
from harness.contract.promise import Planned, Promise
from harness.contract.required_inputs import example
from harness.contract.sample import Sample
from harness.model import Finding, FixedBy, Outcome
from harness.openapi.operation import Operation
from harness.openapi.parameter_writing import query_pairs

SMALL_PAGES = 3
"""Pages of two entries at the start, so that even a short listing shows how pages follow one another."""
MAX_PAGES = 300
MAX_CALLS = 1000
"""Calls after which no more listings below a path parameter are looked into: a large API has hundreds."""
SIZES = ("limit", "per_page", "perPage", "page_size", "pageSize", "max_results", "maxResults", "size")
PAGES_END = Promise(
    id="pages",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="every listing, page by page",
    passed="Listed every entry once, page by page, to the end",
    failed="Did not list every entry once, page by page, to the end",
    expected="pages that end, that show no entry twice, and that never lead back",
    source="a page begins right after the one before; RFC 8288 section 3 for links",
    fix="Order a listing by something unique, let the cursor name the last entry shown, and end without one.",
    judge=lambda caller, walk: judge_pages(caller, walk().samples),
    planned=lambda caller: (Planned(o.label, MAX_PAGES) for o in _listings(caller)),
)


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A listing at a path without a gap."""

    operation: Operation
    path: str
    declared: frozenset[str]
    """Names of its query parameters."""
    needed: Params
    """Parameters it requires."""


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What turning pages came to."""

    trouble: str = ""
    """What is wrong, without anything of the entries; empty when nothing is."""
    example: str = ""
    pages: int
    count: int
    status: int
    """Of the last page."""


def judge_pages(caller: Caller, samples: Sequence[Sample]) -> list[Finding]:
    """Walk every listing to its end; ``samples`` are calls that succeeded, which give ids and how to add entries."""
    found = []
    places = PathResolver(caller)
    creates = {s.operation.path: s for s in samples if s.operation.method == "POST"}
    for operation in _listings(caller):
        query = _query(operation)
        declared = frozenset(p["name"] for p in query)
        required = (p for p in query if p.get("required") and p["name"] not in SIZES)
        needed = {name: value for p in required for name, value in _needed(caller, p).items()}
        found.append(_judged_anywhere(caller, operation, places, declared, needed, creates.get(operation.path)))
    if not found:
        return [_not_known("no listing", "the spec describes no parameter that turns pages")]
    return found


def _needed(caller: Caller, parameter: dict[str, Any]) -> Params:
    """Return the query of a required parameter, in its style; None as the value of one without an example."""
    name, value = parameter["name"], FIRST.get(parameter["name"], example(caller.spec, parameter))
    if not isinstance(value, list | dict):
        return {name: value}
    found: Params = {}
    for key, text in query_pairs(parameter, value):
        found.setdefault(key, []).append(text)
    return found


def _query(operation: Operation) -> list[dict[str, Any]]:
    return [p for p in operation.parameters if p.get("in") == "query"]


def _listings(caller: Caller) -> list[Operation]:
    """Return the operations that take a parameter which turns pages."""
    turning = {*SIZES, *CURSORS, *NUMBERS, *OFFSETS}
    reading = (o for o in caller.operations.values() if o.method == "GET")
    return [o for o in reading if turning & {p["name"] for p in _query(o)}]


def _judged_anywhere(
    caller: Caller,
    operation: Operation,
    places: PathResolver,
    declared: frozenset[str],
    needed: Params,
    creates: Sample | None,
) -> Finding:
    """Judge a listing at the first path where it answers."""
    unknown = [name for name, value in needed.items() if value is None]
    if unknown:
        return _not_known(operation.label, f"it requires {', '.join(unknown)}; give the parameter an example")
    answers = []
    below = "{" in operation.path
    if below and caller.calls >= MAX_CALLS:
        return _not_known(operation.label, f"{MAX_CALLS} calls were made, and its path has parameters")
    for path in places.of(operation):
        if below or needed:
            first = caller.call(operation, path, params=needed).response
            if not first.is_success:
                answers.append(f"HTTP {first.status_code} to {path}")
                continue
        return _judged(caller, Listing(operation=operation, path=path, declared=declared, needed=needed), creates)
    if answers:
        return _not_known(operation.label, f"it answers at no path that is known ({'; '.join(answers)})")
    return _not_known(operation.label, "no value for its path is known; give the parameter an example, or link to it")


def _judged(caller: Caller, listing: Listing, creates: Sample | None) -> Finding:
    label = listing.operation.label
    for _ in range(SMALL_PAGES if creates else 0):
        assert creates is not None
        caller.call(creates.operation, listing.path, creates.body)
    seen = _walked(caller, listing)
    if seen.trouble:  # entries that come and go meanwhile may look like a fault; a real one shows again
        seen = _walked(caller, listing)
    if seen.trouble and seen.status in (401, 403):
        return _not_known(label, f"the credential is refused ({seen.trouble})")
    if seen.trouble:
        observed = f"page {seen.pages} of the listing at {listing.path}: {seen.example or seen.trouble}"
        return broken(label, PAGES_END, seen.trouble, observed)
    if seen.pages < 2:
        return _not_known(label, f"it has one page of {seen.count} entries; turning pages needs more")
    if seen.pages >= MAX_PAGES:
        return _not_known(label, f"it did not end within {MAX_PAGES} pages, of which none repeats another")
    summary = f"{PAGES_END.passed}: {label}, {seen.count} entries on {seen.pages} pages"
    return PAGES_END.finding(Outcome.PASS, "", summary=summary, case="")


def _walked(caller: Caller, listing: Listing) -> Walked:
    """Turn pages until the last."""
    seen: set[str] = set()
    asked: set[str] = set()
    status = 0
    for number, (params, page) in enumerate(_pages(caller, listing), start=1):
        status = page.response.status_code
        walked = partial(Walked, pages=number, count=len(seen), status=status)
        if not page.response.is_success:
            return walked(trouble=f"HTTP {status} instead of {'its first' if number == 1 else 'a further'} page")
        if (query := json.dumps(params, sort_keys=True)) in asked:
            return walked(trouble="its pages lead back to one seen before", example=query)
        asked.add(query)
        ids = [_identity(entry) for entry in entries(page)]
        if repeated := next((i for i in ids if i in seen), None):
            return walked(trouble="an entry comes twice", example=repeated[:80])
        seen.update(ids)
        if number >= MAX_PAGES:
            break
    return Walked(pages=len(asked), count=len(seen), status=status)


def _pages(caller: Caller, listing: Listing) -> Iterator[tuple[Params, Sample]]:
    size, largest = _size(caller, listing.operation)
    params: Params | None = {**listing.needed, **({size: 2} if size else {})}
    turner = PageTurner(listing.declared)
    number = 0
    while params is not None:
        if size and number >= SMALL_PAGES and NUMBERS.isdisjoint(params):  # numbers count pages of one size
            params = {**params, size: largest}
        page = caller.call(listing.operation, listing.path, params=params)
        if turner.is_calculated and page.response.status_code in BEYOND:
            return
        yield params, page
        number += 1
        params = turner.after(page, params)


def _size(caller: Caller, operation: Operation) -> tuple[str, int]:
    """Return the parameter for the size of a page and the largest it allows."""
    for parameter in operation.parameters:
        if parameter["name"] in SIZES and parameter.get("in") == "query":
            maximum = caller.spec.resolved(parameter.get("schema", parameter)).get("maximum")
            return parameter["name"], min(int(maximum), 1000) if isinstance(maximum, int | float) else 100
    return "", 0


def _identity(entry: Any) -> str:
    named = next((entry[k] for k in IDS if k in entry), None) if isinstance(entry, dict) else None
    return json.dumps(entry if named is None else named, sort_keys=True)


def _not_known(label: str, why: str) -> Finding:
    summary = f"{PAGES_END.sentence(Outcome.NOT_APPLICABLE)}: {label}: {why}"
    return PAGES_END.finding(Outcome.NOT_APPLICABLE, "", summary=summary, case="")
