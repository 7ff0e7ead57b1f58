"""Orders: a query parameter that names a property of the entries orders them by it, and its reverse reverses that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from harness.contract.caller import Caller, broken
from harness.contract.link_crawler import LinkCrawler
from harness.contract.listings import MAX_PAGES, EntryMaker, every_entry, queries
from harness.contract.path_resolver import PathResolver
from harness.contract.promise import Planned, Promise
from harness.contract.readback import instant
from harness.core.cutting import cut
from harness.core.plain_names import plain
from harness.model import Finding, FixedBy, Outcome
from harness.openapi.operation import Operation

MOST_LISTINGS = 40
MOST_ORDERS = 12
"""Orders of one listing that are tried."""
ENTRIES = 4
"""Entries that are added, so that there is something to order."""
LEAST = 3
"""Different values without which an order may be chance."""
_PAGE = 2
"""Entries of a page: an order holds across pages."""
_BY = frozenset({"sort", "sortby", "order", "orderby", "ordering", "sortfield", "orderfield", "sortcolumn", "sortkey"})
"""Plain names of parameters that name what to order by."""
_WAY = frozenset({"order", "sortorder", "direction", "sortdirection", "dir", "sortdir", "orderdirection", "sorttype"})
"""Plain names of parameters that name the direction."""
_UP = frozenset({"asc", "ascending"})
_DOWN = frozenset({"desc", "descending"})
_VALUE = re.compile(r"([+-]?)(.*?)(?:[:., _-]?((?i:asc|desc)(?i:ending)?))?")
"""A value of an order: ``-name``, ``name:desc``, ``name_asc``, ``nameDesc``."""
_WORD = re.compile(r"[A-Za-z]{3,}")
"""How texts begin that every collation orders alike, but for their case."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One query that orders a listing."""

    query: dict[str, Any]
    member: str
    is_up: bool | None
    """Whether it must ascend; None where the document leaves the direction open."""

    @property
    def shown(self) -> str:
        """The query, for the report."""
        return "&".join(f"{name}={value}" for name, value in self.query.items())


def judge_orders(caller: Caller, walk: Callable[[], LinkCrawler]) -> list[Finding]:
    """Ask each listing for its orders; one finding for each that its entries are not in."""
    candidates = _candidates(caller)[:MOST_LISTINGS]
    if candidates:
        walk()  # what it creates is listed
    found = [f for operation in candidates for f in _of_listing(caller, operation)]
    return found or [ORDERS_HOLD.not_known("no order: no listing has a query parameter whose choices name properties")]


def _candidates(caller: Caller) -> list[Operation]:
    return [o for o in caller.operations.values() if o.method == "GET" and _choices(caller, o, _BY)]


def _choices(caller: Caller, operation: Operation, names: frozenset[str]) -> dict[str, list[str]]:
    """Return the texts that the document lists for the parameters of these plain names."""
    found = {}
    for name, parameter in queries(operation).items():
        schema = caller.spec.resolved(parameter.get("schema", parameter))
        inner = caller.spec.resolved(schema["items"]) if isinstance(schema.get("items"), dict) else schema
        texts = [each for each in inner.get("enum") or () if isinstance(each, str)]
        if plain(name) in names and texts:
            found[name] = texts
    return found


def order_queries(caller: Caller, operation: Operation) -> list[dict[str, str]]:
    """Return queries that order a listing by itself, the first choice of each parameter."""
    return [{name: texts[0]} for name, texts in _choices(caller, operation, _BY).items()]


def orders_of(caller: Caller, operation: Operation, members: Sequence[str]) -> list[Order]:
    """Return the orders that the document describes for a listing whose entries have these members."""
    by_name = {plain(member): member for member in members}
    ways = {n: t for n, t in _choices(caller, operation, _WAY).items() if {each.lower() for each in t} & (_UP | _DOWN)}
    found: list[Order] = []
    for name, texts in _choices(caller, operation, _BY).items():
        for text in (t for t in texts if name not in ways):
            sign, named, way = _parted(text, by_name)
            if named is None:
                continue
            directions = [(n, each) for n, t in ways.items() for each in t if each.lower() in _UP | _DOWN]
            if directions and not sign and not way:
                asked = [({name: text, n: each}, each.lower() in _UP) for n, each in directions]
                found += [Order(query=query, member=named, is_up=is_up) for query, is_up in asked]
                continue
            is_up = way.lower() in _UP if way else (sign != "-" if sign or f"-{text}" in texts else None)
            found.append(Order(query={name: text}, member=named, is_up=is_up))
    return found


def _parted(text: str, by_name: dict[str, str]) -> tuple[str, str | None, str]:
    """Return the sign of an order, the member that it names, None for none, and the word for its direction."""
    if plain(text) in by_name and text[:1] not in "+-":
        return "", by_name[plain(text)], ""
    match = _VALUE.fullmatch(text)
    assert match is not None  # every part may be empty
    return match[1], by_name.get(plain(match[2])), match[3] or ""


def _of_listing(caller: Caller, operation: Operation) -> Iterator[Finding]:
    path = next(iter(PathResolver(caller).of(operation)), None)
    if path is None:
        return
    maker = EntryMaker(caller, operation, path)
    maker.add(ENTRIES)
    whole = every_entry(caller, operation, path)
    members = list(dict.fromkeys(m for entry in whole.entries if isinstance(entry, dict) for m in entry))
    for order in orders_of(caller, operation, members)[:MOST_ORDERS]:
        yield _judged(caller, operation, path, order)
    maker.remove()


def _judged(caller: Caller, operation: Operation, path: str, order: Order) -> Finding:
    label = f"{operation.label} {order.shown}"
    values: list[Any] = []
    for _ in range(2):  # what others change meanwhile may look like a fault; a real one shows again
        listed = every_entry(caller, operation, path, dict(order.query), most=_PAGE)
        if listed.status >= 300:
            return ORDERS_HOLD.not_known(f"{label}: HTTP {listed.status}")
        values = [e[order.member] for e in listed.entries if isinstance(e, dict) and order.member in e]
        readings = _readings(values)
        if not readings:
            return ORDERS_HOLD.not_known(f"{label}: fewer than {LEAST} entries have values that differ")
        if any(_is_in_order(keys, order.is_up) for keys in readings):
            return ORDERS_HOLD.finding(Outcome.PASS, "", summary=f"{ORDERS_HOLD.passed}: {label}", case="")
    shown = ", ".join(cut(repr(value), 40) for value in values[:6])
    return broken(label, ORDERS_HOLD, _WRONG, f"GET {path}?{order.shown} lists {order.member} as {shown}")


def _readings(values: Sequence[Any]) -> list[list[Any]]:
    """Return the keys by which values may have been ordered; of texts the words with which they begin."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    texts = [v for v in values if isinstance(v, str)]
    times = [at for text in texts if (at := instant(text)) is not None]
    words = [begins[0] for text in texts if (begins := _WORD.match(text))]
    by_text = [words, [word.lower() for word in words]]
    keyed = [numbers] if numbers else [times] if times and len(times) == len(texts) else by_text
    return [keys for keys in keyed if len(set(keyed[-1])) >= LEAST]


def _is_in_order(keys: Sequence[Any], is_up: bool | None) -> bool:  # noqa: FBT001 - of an order
    ways = [keys, keys[::-1]] if is_up is None else [keys if is_up else keys[::-1]]
    return any(all(one <= other for one, other in pairwise(each)) for each in ways)


_WRONG = "its entries are in another order"
ORDERS_HOLD = Promise(
    id="orders",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="query parameters whose choices name a property to order by",
    passed="Listed entries in the order that was asked for",
    failed="Did not list entries in the order that was asked for",
    expected="the entries ordered by the property, across pages, in the direction that was asked for",
    source="the spec: a query parameter of a listing whose choices name properties of its entries",
    fix="Order by the property before the pages are cut, or take the choice out of the spec.",
    judge=judge_orders,
    planned=lambda caller: (Planned(o.label, MOST_ORDERS * MAX_PAGES) for o in _candidates(caller)[:MOST_LISTINGS]),
)
