"""Filters: a query parameter that is named like a property of the entries selects by it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from harness.contract.body_variations import word
from harness.contract.caller import Caller, broken
from harness.contract.filters_together import FIX_TOGETHER, Filter, FiltersTogether, is_scalar
from harness.contract.identifiers import identity
from harness.contract.link_crawler import LinkCrawler
from harness.contract.listings import MAX_PAGES, TURNS, EntryMaker, Listed, every_entry, queries
from harness.contract.page_walk import MISCOUNTED
from harness.contract.path_resolver import PathResolver
from harness.contract.promise import Planned, Promise
from harness.contract.readback import core
from harness.contract.resource_kinds import kinds
from harness.contract.resource_reader import Patience
from harness.core.plain_names import plain
from harness.model import Finding, FixedBy, Outcome
from harness.openapi.operation import Operation
from harness.secrets.detection.secret_names import names_secret

MOST_LISTINGS = 40
MOST_FILTERS = 12
"""Filters of one listing that are tried."""
_MAX_CHARS = 60
_REPRESENTS = re.compile(
    r"^(version|format|lang(uage)?|locale|fields?|view|expand|include|units?|currency|timezone|tz|sort.*|order.*|total|count)$"
)
"""Plain names of parameters that choose how entries are shown, and not which."""


def judge_filters(
    caller: Caller, walk: Callable[[], LinkCrawler], *, sleep: Callable[[float], None] = time.sleep
) -> list[Finding]:
    """Ask each listing for the entries with one value, and look for others; one finding for each filter."""
    candidates = _candidates(caller)[:MOST_LISTINGS]
    if candidates:
        walk()  # what it creates is listed
    found = [f for operation in candidates for f in _of_listing(caller, operation, Patience(sleep))]
    return found or [
        FILTERS_SELECT.not_known("no filter: no listing has a query parameter named like a property of its entries")
    ]


def _candidates(caller: Caller) -> list[Operation]:
    return [o for o in caller.operations.values() if o.method == "GET" and _filters(o)]


def _filters(operation: Operation) -> dict[str, dict[str, Any]]:
    """Return the query parameters that may be filters, by name."""
    return {
        name: parameter
        for name, parameter in queries(operation).items()
        if name not in TURNS and not _REPRESENTS.match(plain(name)) and not names_secret(name, query=True)
    }


def _of_listing(caller: Caller, operation: Operation, patience: Patience) -> Iterator[Finding]:
    path = next(iter(PathResolver(caller).of(operation)), None)
    if path is None:
        return
    maker = EntryMaker(caller, operation, path)
    maker.add(2)
    referred = _referred(caller, operation)
    for each in referred:
        each.add(1)
    maker.add(2)
    whole = every_entry(caller, operation, path)
    proven = []
    for chosen in islice(_chosen(operation, path, whole), MOST_FILTERS):
        found = FilterTrial(caller, chosen, whole, patience).judge()
        if found.outcome is Outcome.PASS:
            proven.append(chosen)
        yield found
    for fault in FiltersTogether(caller, whole, patience).judge(proven):
        yield broken(fault.label, FILTERS_SELECT, fault.cause, fault.observed, fix=FIX_TOGETHER)
    for each in (maker, *referred):
        each.remove()


def _chosen(operation: Operation, path: str, whole: Listed) -> Iterator[Filter]:
    members = {plain(member): member for member in reversed(_members(whole))}
    for name, parameter in _filters(operation).items():
        if member := members.get(plain(name)):
            yield Filter(operation=operation, path=path, name=name, member=member, parameter=parameter)


def _referred(caller: Caller, listing: Operation) -> list[EntryMaker]:
    """Return what makes resources to which the entries of a listing refer by a member that a filter is named like."""
    names = {plain(name) for name in _filters(listing)}
    referred = (k for k in kinds(caller) if not names.isdisjoint(k.references) and "{" not in k.creation.path)
    return [EntryMaker(caller, k.listings[0], k.creation.path) for k in referred if k.listings]


def _members(listed: Listed) -> list[str]:
    return list(dict.fromkeys(m for entry in listed.entries if isinstance(entry, dict) for m in entry))


_LEFT_OUT = "the filter leaves out an entry with its value"
_MISCOUNTED = "the filter does not reach the number that is stated"


class FilterTrial:
    """Tries one filter with values that its listing shows, and with one that it does not."""

    def __init__(self, caller: Caller, tried: Filter, whole: Listed, patience: Patience) -> None:
        """``whole`` is the listing without the filter."""
        self._caller, self._filter, self._patience = caller, tried, patience
        self._entries = [e for e in whole.entries if isinstance(e, dict) and is_scalar(e.get(tried.member))]
        schema = caller.spec.resolved(tried.parameter.get("schema", tried.parameter))
        self._schema = caller.spec.resolved(schema["items"]) if isinstance(schema.get("items"), dict) else schema

    def judge(self) -> Finding:
        """Return one finding: what the filter does wrong, or that it selects, or why that is not known."""
        label, name = self._filter.operation.label, self._filter.name
        proven, refused = [], ""
        for value, entry in self._values():
            listed = self._patience.settled(self._asked(value), self._is_right(value, entry))
            if listed.status >= 300:
                refused = f"HTTP {listed.status} to {name}={value}"
                continue
            if (wrong := self._wrong(listed, value, entry)) and not self._patience.is_exhausted:
                if wrong[0] == _LEFT_OUT and not self._still_have(value):
                    refused = f"the entries with {name}={value} changed meanwhile"
                    continue
                fix = MISCOUNTED.fix if wrong[0] == _MISCOUNTED else ""
                return broken(f"{label} {name}", FILTERS_SELECT, wrong[0], wrong[1], fix=fix)
            proven.append(value)
        if not proven:
            return FILTERS_SELECT.not_known(f"{label} {name}: {refused or 'its entries have no values that differ'}")
        summary = f"{FILTERS_SELECT.passed}: {label} by {name}"
        return FILTERS_SELECT.finding(Outcome.PASS, "", summary=summary, case="")

    def _values(self) -> Iterator[tuple[Any, dict[str, Any] | None]]:
        """Yield values to select by, each with an entry that has it, None for a value that no entry has."""
        number = Counter(str(entry[self._filter.member]) for entry in self._entries)
        # What many entries have fills more than one page.
        for entry in sorted(self._entries, key=lambda e: -number[str(e[self._filter.member])]):
            value = entry[self._filter.member]
            others = [v for e in self._entries if not self._is_related(value, v := e[self._filter.member])]
            if others and len(str(value)) <= _MAX_CHARS and self._is_valid(value) and self._is_telling(value, others):
                yield value, entry
                if isinstance(value, bool):
                    yield not value, next(e for e in self._entries if e[self._filter.member] is not value)
                break
        texts = [e[self._filter.member] for e in self._entries if isinstance(e[self._filter.member], str)]
        is_free = self._schema.get("type") == "string" and not {"enum", "pattern", "format"} & self._schema.keys()
        if texts and is_free:
            yield word(), None

    def _is_valid(self, value: Any) -> bool:
        """Whether the parameter takes a value, as far as its type and choices show."""
        kinds: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
        kind = kinds.get(str(self._schema.get("type", "")), object)
        is_of_kind = isinstance(value, kind) and (isinstance(value, bool) == (kind is bool) or kind is object)
        return is_of_kind and value in self._schema.get("enum", [value]) and value != "" and "…" not in str(value)

    @staticmethod
    def _is_telling(value: Any, others: list[Any]) -> bool:
        """Whether only a filter by equality leaves the others out: a number may be the least or the most."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return any(o < value for o in others) and any(o > value for o in others)

    def _is_related(self, wanted: Any, found: Any) -> bool:
        """Whether some way to filter by ``wanted`` finds ``found``: equal or, of a free text, a part of it."""
        if "enum" in self._schema or not isinstance(wanted, str):
            return bool(wanted == found) or core(str(wanted)) == core(str(found))
        first, second = core(wanted), core(str(found))
        is_code = bool({"pattern", "format"} & self._schema.keys()) or plain(self._filter.name).endswith("id")
        return first in second or second in first or (not is_code and _have_words_in_common(wanted, str(found)))

    def _asked(self, value: Any) -> Callable[[], Listed]:
        params = {self._filter.name: value}
        return lambda: every_entry(self._caller, self._filter.operation, self._filter.path, params, most=2)

    def _is_right(self, value: Any, entry: dict[str, Any] | None) -> Callable[[Listed], bool]:
        return lambda listed: self._wrong(listed, value, entry) is None

    def _alike(self, value: Any) -> list[dict[str, Any]]:
        return [entry for entry in self._entries if entry[self._filter.member] == value]

    def _still_have(self, value: Any) -> bool:
        """Whether the entries that had a value have it still: a state may change by itself, as that of a job does."""
        now = every_entry(self._caller, self._filter.operation, self._filter.path)
        having = [e for e in now.entries if isinstance(e, dict) and e.get(self._filter.member) == value]
        return all(any(_is_same(each, entry) for entry in having) for each in self._alike(value))

    def _wrong(self, listed: Listed, value: Any, wanted: dict[str, Any] | None) -> tuple[str, str] | None:
        """Return what is wrong with the entries that a value selects, and an example; None for nothing."""
        if listed.status >= 300:
            return None
        asked, member = f"GET {self._filter.path}?{self._filter.name}={value}", self._filter.member
        shown = [e[member] for e in listed.entries if isinstance(e, dict) and is_scalar(e.get(member))]
        others = [v for v in shown if not self._is_related(value, v)]
        if others and self._is_telling(value, others):
            return "the filter lets other values pass", f"{asked} lists an entry whose {member} is {others[0]!r:.80}"
        alike = self._alike(value) if wanted is not None else []
        if listed.is_whole and not all(any(_is_same(each, e) for e in listed.entries) for each in alike):
            return _LEFT_OUT, f"{asked} does not list an entry that has it"
        if listed.miscounted:
            return _MISCOUNTED, f"{asked}: {listed.miscounted}"
        return None


def _have_words_in_common(wanted: str, found: str) -> bool:
    """Whether a search for any of the words finds a text."""
    words = [{core(part) for part in re.split(r"[\W_]+", text) if part} for text in (wanted, found)]
    return not words[0].isdisjoint(words[1])


def _is_same(first: Any, second: Any) -> bool:
    found = [identity(each, "id")[0] for each in (first, second)]
    return bool(first == second if None in found else found[0] == found[1])


FILTERS_SELECT = Promise(
    id="filters",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="query parameters named like a property of the entries",
    passed="Listed only entries with the value that was asked for",
    failed="Did not list the entries with the value that was asked for",
    expected="the entries that have the value, and no other; it may be a part of theirs",
    source="the spec: a query parameter of a listing that is named like a property of its entries",
    fix="Select by the parameter on every page, or take it out of the spec.",
    judge=judge_filters,
    planned=lambda caller: (
        Planned(o.label, 2 * MOST_FILTERS * MAX_PAGES) for o in _candidates(caller)[:MOST_LISTINGS]
    ),
)
