"""A filter that selects by itself selects also beside another one, and beside an order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

import msgspec

from harness.contract.caller import Caller
from harness.contract.listing_orders import order_queries
from harness.contract.listings import Listed, every_entry
from harness.contract.readback import core
from harness.contract.resource_reader import Patience
from harness.openapi.operation import Operation

_TOGETHER = "two filters together let other values pass"
_ORDERED = "a filter lets other values pass beside an order"
FIX_TOGETHER = (
    "Apply every filter that a request has, all of them at once and beside any order, before the pages are cut."
)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter, and the property that it is named like."""

    operation: Operation
    path: str
    name: str
    member: str
    parameter: dict[str, Any]


class FailedFilter(NamedTuple):
    """What a filter does wrong beside something else."""

    label: str
    cause: str
    observed: str


class FiltersTogether:
    """Asks one listing with more than one filter."""

    def __init__(self, caller: Caller, whole: Listed, patience: Patience) -> None:
        """``whole`` is the listing without any."""
        self._caller, self._whole, self._patience = caller, whole, patience

    def judge(self, proven: list[Filter]) -> Iterator[FailedFilter]:
        """Yield a fault of the first two filters that can show one, and one of the first filter beside an order.

        ``proven`` are filters of one listing that select by themselves.
        """
        for pair in combinations(proven, 2):
            if (wanted := self._telling(pair)) is not None:
                label = f"{pair[0].operation.label} {pair[0].name} and {pair[1].name}"
                yield from self._judge(pair, wanted, {}, label, _TOGETHER)
                break
        for each in proven:
            wanted, orders = self._telling((each,)), order_queries(self._caller, each.operation)
            if wanted is not None and orders:
                label = f"{each.operation.label} {each.name} and {', '.join(orders[0])}"
                yield from self._judge((each,), wanted, orders[0], label, _ORDERED)
                return

    def _judge(
        self, filters: tuple[Filter, ...], wanted: tuple[Any, ...], order: dict[str, str], label: str, cause: str
    ) -> Iterator[FailedFilter]:
        params = {**{each.name: value for each, value in zip(filters, wanted, strict=True)}, **order}
        operation, path = filters[0].operation, filters[0].path
        listed = self._patience.settled(
            lambda: every_entry(self._caller, operation, path, dict(params), most=2),
            lambda found: not _odd(found, filters, wanted),
        )
        odd = "" if self._patience.is_exhausted else _odd(listed, filters, wanted)
        if odd:
            asked = "&".join(f"{name}={value}" for name, value in params.items())
            yield FailedFilter(label, cause, f"GET {path}?{asked} lists an entry with {odd}")

    def _telling(self, filters: tuple[Filter, ...]) -> tuple[Any, ...] | None:
        """Return values that some entry has, where for each filter there are entries that it alone leaves out.

        Not of numbers: a filter by one may mean the least or the most.
        """
        members = [each.member for each in filters]
        entries = [e for e in self._whole.entries if isinstance(e, dict) and e.keys() >= set(members)]
        rows = [tuple(e[m] for m in members) for e in entries]
        return next(
            (row for row in rows if all(isinstance(v, str | bool) and v != "" for v in row) and _is_telling(row, rows)),
            None,
        )


def _is_telling(row: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> bool:
    """Whether for each place some row differs there, and is the same in all others."""

    def differs_at(place: int) -> bool:
        return any(
            (other[place] != row[place]) and all(other[n] == row[n] for n in range(len(row)) if n != place)
            for other in rows
        )

    return all(differs_at(place) for place in range(len(row)))


def _odd(listed: Listed, filters: tuple[Filter, ...], wanted: tuple[Any, ...]) -> str:
    """Return the first value that one of the filters had to leave out, in words; empty for none."""
    for entry in listed.entries if listed.status < 300 else ():
        for each, value in zip(filters, wanted, strict=True):
            found = entry.get(each.member) if isinstance(entry, dict) else None
            if is_scalar(found) and core(str(value)) not in core(str(found)):
                return f"{each.member} {found!r:.80}"
    return ""


def is_scalar(value: Any) -> bool:
    """Whether a value can be asked for."""
    return isinstance(value, str | int | float | bool) and value != ""
