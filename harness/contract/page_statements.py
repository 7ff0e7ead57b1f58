"""What one page of a listing states about those that follow: its entries, the next page, the end, the whole number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from harness.contract.sample import Sample
from harness.core.plain_names import plain
from harness.core.whole_numbers import whole_number

ITEMS = ("items", "data", "results", "values", "entries", "records")
AROUND = frozenset(
    {"pagination", "paging", "pager", "meta", "metadata", "page", "pages", "pageinfo", "links", "cursor", "cursors"}
    | {"responsemetadata", "pageable", "data", "result", "response", "embedded"}
)
"""Plain names of the objects around or beside the entries in which APIs put what they state of pages."""
NEXT = (
    *("nextcursor", "nextpagetoken", "nexttoken", "nextpagecursor", "nextcontinuationtoken", "nextmarker", "nextkey"),
    *("next", "nextpage", "nextlink", "nexturl", "nexturi", "nextpageurl", "nextpageuri", "nextpagelink", "nexthref"),
    *("odatanextlink", "nextrecordsurl", "nextoffset", "nextstart", "nextafter", "continuationtoken"),
)
"""Plain keys of the next page: null, empty or false in one of them states the end."""
CURSOR = ("cursor", "endcursor", "aftercursor", "after", "continuation")
"""Plain keys of a cursor that a page may also repeat from its request, so that an empty one states nothing."""
MORE = frozenset(
    {"more", "hasmore", "hasnext", "hasnextpage", "hasmorepages", "hasmoreitems", "hasmoreresults", "hasmoreentries"}
    | {"hasmoredata", "hasmorerecords", "moreitems", "moreresults", "moreavailable", "moreitemsincollection"}
    | {"morerecords", "istruncated", "truncated"}
)
"""Plain keys whose false states the end, even beside a cursor, which is then for later."""
LAST = frozenset(
    {"last", "lastpage", "islast", "islastpage", "isend", "end", "endoflist", "nomore", "done", "finished"}
)
"""Plain keys whose true states the end."""
TOTAL = (
    *("total", "totalcount", "totalitems", "totalresults", "totalelements", "totalrecords", "totalsize"),
    *("odatacount", "count"),
)
"""Plain keys of the number of all entries; some APIs call the entries of one page a count."""
TOTAL_PAGES = ("totalpages", "pagecount", "lastpage", "pages", "numpages", "pagestotal", "totalpagecount")
_RANGE = re.compile(r"\S+ (?:\d+-\d+|\*)/(\d+)")
"""Content-Range (RFC 9110 section 14.4), in any unit."""
_OF_PAGES = frozenset({"first", "prev", "previous", "last"})
"""Relations of a Link header that is about pages (RFC 8288, IANA's link relations)."""
MAX_DEPTH = 3
_ESTIMATES = re.compile(r"estimat|approx|exact|relation|capped|limited|unfiltered|filtered|matched|matching")
"""Plain keys of a page whose total is only about the number of listed entries, or counts others."""
_ROUND = 500
"""Multiples of this are often a limit and no count, such as 10,000."""


class PageStatements(msgspec.Struct, frozen=True, kw_only=True):
    """What one page states."""

    url: str = ""
    """The next page, as a URL or a reference relative to that of the page; empty for none."""
    cursor: str = ""
    """What names the next page; empty for none."""
    is_last: bool = False
    """Whether the page states that none follows."""
    total: int | None = None
    """How many entries there are on all pages, where it states that."""
    pages: int | None = None
    """How many pages there are, where it states that."""


def statements(page: Sample) -> PageStatements:
    """Return what the headers and the body of a page state about those that follow."""
    fields = _stated_fields(page)
    linked, link_ends = _of_link_header(page)
    named = [value for name in NEXT if (value := _text(fields.get(name)))]
    cursor = next((value for name in CURSOR if (value := _text(fields.get(name)))), "")
    ends = not named and any(name in fields and _is_nothing(fields[name]) for name in NEXT)
    if fields.get("count") == len(entries(page)):
        del fields["count"]
    return PageStatements(
        url=linked or next((value for value in named if is_url(value)), ""),
        cursor=next((value for value in named if not is_url(value)), cursor),
        is_last=link_ends or ends or any(_states_end(name, value) for name, value in fields.items()),
        total=_number(fields, TOTAL),
        pages=_number(fields, TOTAL_PAGES),
    )


def entries(page: Sample) -> list[Any]:
    """Return the entries of a page: the array that is the answer, or the one it holds, perhaps one object further."""
    return _entries(page.document, within=True)


def total_of(page: Sample, *, is_only: bool) -> int | None:
    """Return how many entries a page states that there are in all, None where it does not, or only about.

    Some APIs call the entries of one page a total: that is sure only of an ``is_only`` page. Others estimate, or stop
    counting at a round number.
    """
    total, fields = statements(page).total, _stated_fields(page)
    if total is None or any(_ESTIMATES.search(name) for name in fields) or (total and total % _ROUND == 0):
        return None
    return total if is_only or total != len(entries(page)) else None


def is_url(text: str) -> bool:
    """Whether the next page is named by a URL or a relative reference, and not by a cursor."""
    return text.startswith(("http://", "https://", "/", "?"))


def _entries(document: Any, *, within: bool) -> list[Any]:
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return []
    beside = (value for name, value in document.items() if plain(str(name)) != "links")
    for value in (*(document.get(name) for name in ITEMS), *beside):
        if isinstance(value, list):
            return value
    if not within:
        return []
    inner = [v for n, v in document.items() if plain(str(n)) in {"data", "result", "response", "embedded"}]
    return next((found for value in inner if (found := _entries(value, within=False))), [])


def _stated_fields(page: Sample) -> dict[str, Any]:
    """Return plain keys with their values: of the body and, where that has none, of headers."""
    found: dict[str, Any] = {}
    for name, value in (*_fields(page.document, MAX_DEPTH), *_of_headers(page)):
        if found.get(name) in (None, ""):
            found[name] = value
    return found


def _of_headers(page: Sample) -> Iterator[tuple[str, Any]]:
    """Yield what fields such as ``X-Total-Count`` and ``X-Next-Page`` state, and the whole number of Content-Range."""
    for header, value in page.response.headers.items():
        if header.startswith("x-"):
            yield plain(header[2:]), value if (number := whole_number(value)) is None else number
        elif header == "content-range" and (ranged := _RANGE.fullmatch(value)):
            yield "total", int(ranged[1])


def _fields(node: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield plain keys with their values, of a page and of the objects in which it states something of pages."""
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        name = plain(str(key))
        if name == "links" and isinstance(value, list):  # [{"rel": "next", "href": ...}]
            yield from ((plain(str(v.get("rel"))), v.get("href")) for v in value if isinstance(v, dict))
        elif name == "next" and isinstance(value, dict):  # {"href": ...}, {"after": ...}, {"url": ...}
            inner = [v for k, v in value.items() if plain(str(k)) in {"href", "url", "uri", "after", "cursor", "link"}]
            yield name, next((v for v in inner if _text(v)), None)
        elif isinstance(value, dict):
            if name in AROUND and depth > 1:
                yield from _fields(value, depth - 1)
        else:
            yield name, value


def _of_link_header(page: Sample) -> tuple[str, bool]:
    """Return the next page of a Link header, and whether it has the relations of pages, and no next one."""
    links = {rel.lower(): link for name, link in page.response.links.items() for rel in str(name).split()}
    url = str(links.get("next", {}).get("url") or "")
    return url, not url and not _OF_PAGES.isdisjoint(links)


def _text(value: Any) -> str:
    """Return what names a page as text; a number does too, but true does not."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else ""


def _is_nothing(value: Any) -> bool:
    return value is None or value is False or value == ""


def _states_end(name: str, value: Any) -> bool:
    return (name in MORE and (value is False or value == "false")) or (
        name in LAST and (value is True or value == "true")
    )


def _number(fields: dict[str, Any], names: tuple[str, ...]) -> int | None:
    found = (fields.get(name) for name in names)
    return next((n for n in found if isinstance(n, int) and not isinstance(n, bool)), None)
