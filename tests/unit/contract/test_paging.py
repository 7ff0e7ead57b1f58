"""Listings of many vendors' kinds: where a page states the end, the listing ends; a wrong listing is found in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from harness.contract.caller import Caller
from harness.contract.pages import judge_pages
from harness.model import Outcome
from harness.openapi.spec_document import Spec
from tests.unit.contract.customers import Customers, customers_caller
from tests.unit.contract.streaming import client_of

BASE = "http://provider.test/v1"
ALL = [{"id": f"e{n}"} for n in range(7)]


class Asked:
    """One request to a listing of seven entries: which part of them is to be answered."""

    def __init__(self, request: httpx.Request) -> None:
        query = request.url.params
        self.size = int(query.get("limit", 2))
        self.page = int(query.get("page", 1))
        start = int(query["offset"]) if "offset" in query else (self.page - 1) * self.size
        self.start = int(query["cursor"].removeprefix("c")) if "cursor" in query else start
        self.part = ALL[self.start : self.start + self.size]
        self.end = self.start + len(self.part)
        self.more = self.end < len(ALL)
        self.next = f"c{self.end}" if self.more else None


Answer = Callable[[Asked], Any]
Row = tuple[str, Answer]

ENDS: dict[str, Row] = {
    "more is false beside a cursor": (
        "cursor",
        lambda a: {"items": a.part, "has_more": a.more, "next_cursor": f"c{a.end}"},
    ),
    "the cursor of an empty rest is that of the request": (
        "cursor",
        lambda a: {"items": a.part, "next_cursor": f"c{a.end}"},
    ),
    "more is false in an object (Zendesk)": (
        "cursor",
        lambda a: {"users": a.part, "meta": {"has_more": a.more, "after_cursor": f"c{a.end}"}},
    ),
    "an empty cursor in an object (Slack)": (
        "cursor",
        lambda a: {"members": a.part, "response_metadata": {"next_cursor": a.next or ""}},
    ),
    "an empty token (Google)": ("cursor", lambda a: {"items": a.part, "nextPageToken": a.next or ""}),
    "null beside numbered pages (Django)": (
        "page",
        lambda a: 404 if a.start and not a.part else {"count": 7, "next": _url(a), "results": a.part},
    ),
    "no page of that name any more (HAL)": (
        "page",
        lambda a: {
            "_links": {"self": {"href": "/things"}, **({"next": {"href": _url(a)}} if a.more else {})},
            "_embedded": {"things": a.part},
        },
    ),
    "last is true (Spring)": (
        "page",
        lambda a: 400 if not a.part else {"content": a.part, "last": not a.more, "totalElements": 7},
    ),
    "isLast is true (Jira)": ("offset", lambda a: 400 if not a.part else {"values": a.part, "isLast": not a.more}),
    "all of a total were seen": ("page", lambda a: 400 if not a.part else {"data": a.part, "meta": {"total": 7}}),
    "all of a total were seen, by offset": ("offset", lambda a: 400 if not a.part else {"rows": a.part, "count": 7}),
    "the last of all pages": (
        "page",
        lambda a: 500 if not a.part else {"data": a.part, "meta": {"last_page": 4, "page": a.page}},
    ),
    "a total in a header": ("page", lambda a: 400 if not a.part else (a.part, {"X-Total-Count": "7"})),
    "the number of the next page in a header (GitLab)": (
        "page",
        lambda a: 400 if not a.part else (a.part, {"X-Next-Page": str(a.page + 1) if a.more else ""}),
    ),
    "a range of a whole": (
        "offset",
        lambda a: 416 if not a.part else (a.part, {"Content-Range": f"items {a.start}-{a.end - 1}/7"}),
    ),
    "links without a next one (GitHub)": (
        "page",
        lambda a: 404 if not a.part else (a.part, {"Link": _link(a) or '<https://api.example.com/v1/x>; rel="prev"'}),
    ),
    "no more links": ("page", lambda a: 422 if not a.part else (a.part, {"Link": _link(a)} if a.more else {})),
    "the link of the next page (OData)": (
        "cursor",
        lambda a: {"value": a.part, **({"@odata.nextLink": f"{BASE}/things?cursor={a.next}"} if a.more else {})},
    ),
    "links in a list": (
        "cursor",
        lambda a: {"items": a.part, "links": [{"rel": "next", "href": f"?cursor={a.next}"}] if a.more else []},
    ),
    "done is true (Salesforce)": (
        "cursor",
        lambda a: {"records": a.part, "done": not a.more, "nextRecordsUrl": f"/v1/things?cursor=c{a.end}"},
    ),
    "truncated is false (S3)": (
        "cursor",
        lambda a: {"Contents": a.part, "IsTruncated": a.more, "NextContinuationToken": f"c{a.end}"},
    ),
    "a page beyond the last is not found": ("page", lambda a: a.part or 404),
    "an empty page": ("offset", lambda a: a.part),
}


def _url(asked: Asked) -> str | None:
    return f"http://inner.example.com/things?page={asked.page + 1}&limit={asked.size}" if asked.more else None


def _link(asked: Asked) -> str:
    return f'<{_url(asked)}>; rel="next"' if asked.more else ""


def judged(parameter: str, answer: Answer) -> Any:
    """Judge the listing that ``answer`` gives, which turns pages by a query parameter."""

    def handle(request: httpx.Request) -> httpx.Response:
        found = answer(Asked(request))
        if isinstance(found, int):
            return httpx.Response(found, json={})
        body, headers = found if isinstance(found, tuple) else (found, {})
        return httpx.Response(200, json=body, headers=headers)

    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in (parameter, "limit")]
    listing = {"parameters": query, "responses": {"200": {"description": "a page"}, "default": {"description": "no"}}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/things": {"get": listing}}}
    [finding] = judge_pages(Caller(Spec(document, "x", BASE), client_of(handle, BASE)), [])
    return finding


@pytest.mark.parametrize("parameter, answer", ENDS.values(), ids=ENDS)
def test_a_stated_end_is_the_end(parameter: str, answer: Answer) -> None:
    """Every entry is seen once, and what a page states to be the end is not followed."""
    finding = judged(parameter, answer)

    assert (finding.outcome, finding.observed) == (Outcome.PASS, "")
    assert "7 entries on " in finding.summary


@pytest.mark.parametrize("parameter, answer", ENDS.values(), ids=ENDS)
def test_an_entry_that_comes_twice_is_found_in_each(parameter: str, answer: Answer) -> None:
    """The same listings are wrong where a page begins with the last entry of the one before."""

    def overlapping(asked: Asked) -> Any:
        if asked.part and asked.start:
            asked.part = [ALL[asked.start - 1], *asked.part[1:]]
        return answer(asked)

    finding = judged(parameter, overlapping)

    assert finding.outcome is Outcome.FAIL
    assert "an entry comes twice" in finding.summary


WRONG: dict[str, tuple[str, Answer, str]] = {
    "more is true, and the cursor leads back": (
        "cursor",
        lambda a: {"items": a.part if a.more else [], "has_more": True, "next_cursor": "c0" if a.start else "c2"},
        "an entry comes twice",
    ),
    "empty pages that lead in a circle": (
        "cursor",
        lambda a: {"items": a.part if a.start == 0 else [], "next": {"c0": "c2", "c2": "c4"}.get(f"c{a.start}", "c2")},
        "lead back to one seen before",
    ),
    "an error in place of a page that a link names": (
        "page",
        lambda a: 404 if a.page == 3 else (a.part, {"Link": _link(a)} if a.more else {}),
        "HTTP 404 instead of a further page",
    ),
    "a server error beyond the last page": ("page", lambda a: a.part or 500, "HTTP 500 instead of a further page"),
}


@pytest.mark.parametrize("parameter, answer, expected", WRONG.values(), ids=WRONG)
def test_a_listing_that_does_not_end_as_it_states_is_found(parameter: str, answer: Answer, expected: str) -> None:
    """What is named must be there, and a page that states no end must not lead back."""
    finding = judged(parameter, answer)

    assert finding.outcome is Outcome.FAIL
    assert expected in finding.summary


def test_numbered_pages_of_the_newest_pass() -> None:
    """What is added at the front moves entries from page to page where pages are counted: that is no fault."""
    caller = customers_caller(provider := Customers())

    [finding] = judge_pages(caller, [])

    assert finding.outcome is Outcome.PASS, finding.observed
    assert provider.customers == {}
