"""Pagination: a listing ends, shows every entry once, in pages no longer than asked for, and never leads back."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contract.caller import Caller, broken
from harness.contract.listings import SIZES, TURNS, EntryMaker, every_entry, queries
from harness.contract.page_walk import MAX_PAGES, MISCOUNTED, SMALL_PAGES, Listing, PageFault, PageWalk
from harness.contract.paging import FIRST, Params
from harness.contract.path_resolver import PathResolver
from harness.contract.promise import Planned, Promise
from harness.contract.required_inputs import value_for
from harness.contract.sample import Sample
from harness.model import Finding, FixedBy, Outcome
from harness.openapi.operation import Operation
from harness.openapi.parameter_writing import query_pairs

MAX_CALLS = 1000
"""Calls after which no more listings below a path parameter are looked into: a large API has hundreds."""
PAGES_END = Promise(
    id="pages",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="every listing, page by page",
    passed="Listed every entry once, page by page, to the end",
    failed="Did not list every entry once, page by page, to the end",
    expected="pages that end, no longer than asked for, that show every entry once, also while entries are added, and "
    "count them",
    source="a page begins right after the one before; RFC 8288 section 3 for links",
    fix="Order the listing by something unique, begin each page right after the one before, and let the last page name "
    "none.",
    judge=lambda caller, walk: judge_pages(caller, walk().samples),
    planned=lambda caller: (Planned(o.label, MAX_PAGES) for o in _listings(caller)),
)


def judge_pages(caller: Caller, samples: Sequence[Sample]) -> list[Finding]:
    """Walk every listing to its end; ``samples`` are calls that succeeded, which give ids and how to add entries."""
    found = []
    places = PathResolver(caller)
    creates = {s.operation.path: s for s in samples if s.operation.method == "POST"}
    for operation in _listings(caller):
        declared = frozenset(queries(operation))
        needed = _needed(caller, operation)
        found.append(_judged_anywhere(caller, operation, places, declared, needed, creates.get(operation.path)))
    if not found:
        return [PAGES_END.not_known("no listing: the spec describes no parameter that turns pages")]
    return found


def _needed(caller: Caller, operation: Operation) -> Params:
    """Return the query that an operation requires, each parameter in its style, the same for each page."""
    found: Params = {}
    for place, parameter in caller.spec.inputs(operation).required:
        name = parameter["name"]
        if parameter["in"] != "query" or name in SIZES:
            continue
        learnt = caller.resources.value
        value = FIRST[name] if name in FIRST else value_for(caller.spec, place, parameter, learnt)
        if isinstance(value, list | dict):
            for key, text in query_pairs(parameter, value):
                found.setdefault(key, []).append(text)
        elif value is not None:
            found[name] = value
    return found


def _listings(caller: Caller) -> list[Operation]:
    """Return the operations that take a parameter which turns pages."""
    reading = (o for o in caller.operations.values() if o.method == "GET")
    return [o for o in reading if TURNS & queries(o).keys()]


def _judged_anywhere(
    caller: Caller,
    operation: Operation,
    places: PathResolver,
    declared: frozenset[str],
    needed: Params,
    creates: Sample | None,
) -> Finding:
    """Judge a listing at the first path where it answers."""
    answers = []
    below = "{" in operation.path
    if below and caller.calls >= MAX_CALLS:
        return PAGES_END.not_known(f"{operation.label}: {MAX_CALLS} calls were made, and its path has parameters")
    for path in places.of(operation):
        if below or needed:
            first = caller.call(operation, path, params=needed).response
            if not first.is_success:
                answers.append(f"HTTP {first.status_code} to {path}")
                continue
        return _judged(caller, Listing(operation=operation, path=path, declared=declared, needed=needed), creates)
    if answers:
        return PAGES_END.not_known(f"{operation.label}: it answers at no path that is known ({'; '.join(answers)})")
    return PAGES_END.not_known(
        f"{operation.label}: no value for its path is known; give the parameter an example, or link to it"
    )


def _judged(caller: Caller, listing: Listing, creates: Sample | None) -> Finding:
    label = listing.operation.label
    maker = EntryMaker(caller, listing.operation, listing.path, creates)
    maker.add(SMALL_PAGES)
    seen = PageWalk(caller, listing, maker).run()
    if seen.trouble:  # entries that come and go meanwhile may look like a fault; a real one shows again
        seen = PageWalk(caller, listing, maker).run()
    miscounted = "" if seen.trouble else _miscounted(caller, listing)
    maker.remove()
    if seen.trouble and seen.status in (401, 403):
        return PAGES_END.not_known(f"{label}: the credential is refused ({seen.trouble.cause})")
    if seen.trouble:
        observed = f"page {seen.pages} of the listing at {listing.path}: {seen.example or seen.trouble.cause}"
        return _failed(label, seen.trouble, observed)
    if miscounted:
        return _failed(label, MISCOUNTED, f"GET {listing.path}: {miscounted}")
    if seen.pages < 2:
        return PAGES_END.not_known(f"{label}: it has one page of {seen.count} entries; turning pages needs more")
    if seen.pages >= MAX_PAGES:
        return PAGES_END.not_known(f"{label}: it did not end within {MAX_PAGES} pages, of which none repeats another")
    summary = f"{PAGES_END.passed}: {label}, {seen.count} entries on {seen.pages} pages"
    return PAGES_END.finding(Outcome.PASS, "", summary=summary, case="")


def _failed(label: str, fault: PageFault, observed: str) -> Finding:
    return broken(label, PAGES_END, fault.cause, observed, fix=fault.fix)


def _miscounted(caller: Caller, listing: Listing) -> str:
    """Return how a listing states another number than it lists, twice in a row, for entries come and go; else empty."""
    found = ""
    for _ in range(2):
        found = every_entry(caller, listing.operation, listing.path, listing.needed).miscounted
        if not found:
            break
    return found
