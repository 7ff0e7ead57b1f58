"""How pages name the next one, and where they end: one way of paging is followed to the end that a page states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from harness.contract.page_statements import PageStatements, entries, is_url, statements
from harness.contract.sample import Sample
from harness.openapi.given_names import CURSORS

NUMBERS = frozenset({"page", "page_number", "pageNumber"})
OFFSETS = frozenset({"offset", "skip"})
FIRST: dict[str, Any] = {**dict.fromkeys(NUMBERS, 1), **dict.fromkeys(OFFSETS, 0)}
BEYOND = frozenset({404, 416})
"""Statuses of a page beyond the last, where its number was calculated (RFC 9110 sections 15.5.5 and 15.5.17)."""

Params = dict[str, Any]


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The page that was answered: its query and what it stated."""

    page: Sample
    params: Params
    declared: frozenset[str]
    """Names of the query parameters of the listing."""
    stated: PageStatements


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which pages name the next one."""

    id: str
    calculated: bool = False
    """Whether the next page is calculated from this one, and not named by it."""
    next: Callable[[PageQuery], Params | None]
    """The query of the next page; None after the last."""


def _by_url(asked: PageQuery) -> Params | None:
    """Return the query of the URL that names the next page, whatever origin and base path the server thinks it has."""
    own = asked.page.response.request.url
    target = own.join(asked.stated.url)
    if not asked.stated.url or _last_segment(target) != _last_segment(own):
        return None
    several = {name: target.params.get_list(name) for name in target.params}
    return {name: values if len(values) > 1 else values[0] for name, values in several.items()}


def _last_segment(url: httpx.URL) -> str:
    return url.path.rstrip("/").rpartition("/")[2]


def _by_cursor(asked: PageQuery) -> Params | None:
    named = next((name for name in CURSORS if name in asked.declared), None)
    if named is None or not asked.stated.cursor or is_url(asked.stated.cursor):
        return None
    return {**asked.params, named: asked.stated.cursor}


def _by_number(asked: PageQuery) -> Params | None:
    named = next(iter(sorted(NUMBERS & asked.declared)), None)
    if named is None or not entries(asked.page):
        return None
    number = int(asked.params.get(named, FIRST[named]))
    return {**asked.params, named: number + 1}


def _by_offset(asked: PageQuery) -> Params | None:
    named = next(iter(sorted(OFFSETS & asked.declared)), None)
    found = entries(asked.page)
    return {**asked.params, named: int(asked.params.get(named, 0)) + len(found)} if named and found else None


PAGINGS: tuple[Paging, ...] = (
    Paging(id="url", next=_by_url),
    Paging(id="cursor", next=_by_cursor),
    Paging(id="page number", next=_by_number, calculated=True),
    Paging(id="offset", next=_by_offset, calculated=True),
)


class PageTurner:
    """Finds the query of each next page of one listing; None after the page that is the last."""

    def __init__(self, declared: frozenset[str]) -> None:
        """``declared`` are the names of the query parameters of the listing."""
        self._declared = declared
        self._paging: Paging | None = None
        self._pages = 0
        self._entries = 0

    @property
    def is_calculated(self) -> bool:
        """Whether the last query was calculated, so that nobody promised the page."""
        return self._paging is not None and self._paging.calculated

    def after(self, page: Sample, params: Params) -> Params | None:
        """Return the query of the page after ``page``, which was asked for with ``params``; None where it ends.

        The way of the first page is that of the others: a page that no longer names the next one is the last.
        """
        stated = statements(page)
        self._pages += 1
        self._entries += len(entries(page))
        asked = PageQuery(page=page, params=params, declared=self._declared, stated=stated)
        for paging in PAGINGS if self._paging is None else (self._paging,):
            following = paging.next(asked)
            if following is None:
                continue
            self._paging = paging
            return None if self._is_end(stated, page) or _is_resumed(asked, following) else following
        return None

    def _is_end(self, stated: PageStatements, page: Sample) -> bool:
        """Whether the page states the end, or all entries were seen.

        Some APIs call the entries of one page a total: beside a next page, that states nothing.
        """
        if stated.is_last:
            return True
        is_of_page = stated.total == len(entries(page)) and not self.is_calculated
        if stated.total is not None and not is_of_page and self._entries >= stated.total:
            return True
        return stated.pages is not None and self.is_calculated and self._pages >= stated.pages


def _is_resumed(asked: PageQuery, following: Params) -> bool:
    """Whether an empty page names itself as the next one: the rest, to be asked again later."""
    return not entries(asked.page) and all(str(asked.params.get(k)) == str(v) for k, v in following.items())
