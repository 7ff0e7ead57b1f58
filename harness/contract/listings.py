"""All entries of a listing, from its first page to its last."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.contract.caller import Caller
from harness.contract.page_statements import entries, statements
from harness.contract.paging import BEYOND, CURSORS, NUMBERS, OFFSETS, PageTurner, Params
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


def every_entry(caller: Caller, operation: Operation, path: str, params: Params | None = None) -> Listed:
    """Turn the pages of a listing at ``path``; ``params`` are asked for with each page."""
    names = queries(operation)
    size, largest = page_size(caller, operation)
    query: Params | None = {**(params or {}), **({size: largest} if size else {})}
    turner = PageTurner(frozenset(names))
    found: list[Any] = []
    status = 0
    for number in range(MAX_PAGES):
        assert query is not None
        page = caller.call(operation, path, params=query)
        status = page.response.status_code
        if turner.is_calculated and status in BEYOND:
            return Listed(entries=found, is_whole=True, status=200)
        if not page.response.is_success:
            return Listed(entries=found, is_whole=False, status=status)
        found += entries(page)
        query = turner.after(page, query)
        if query is None:
            stated = statements(page)
            is_end = stated.is_last or stated.total is not None or TURNS.isdisjoint(names)
            is_whole = number > 0 or is_end or len(found) < SURELY_SHORT
            return Listed(entries=found, is_whole=is_whole, status=status)
    return Listed(entries=found, is_whole=False, status=status)


def queries(operation: Operation) -> dict[str, dict[str, Any]]:
    """Return the query parameters of an operation by name."""
    return {p["name"]: p for p in operation.parameters if p.get("in") == "query"}


def page_size(caller: Caller, operation: Operation) -> tuple[str, int]:
    """Return the parameter for the size of a page and the largest it allows."""
    for name, parameter in queries(operation).items():
        if name in SIZES:
            maximum = caller.spec.resolved(parameter.get("schema", parameter)).get("maximum")
            return name, min(int(maximum), 1000) if isinstance(maximum, int | float) else 100
    return "", 0
