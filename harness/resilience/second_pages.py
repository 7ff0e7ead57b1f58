"""A listing whose entries are all on its second page: a client reads it to its end, with the cursor as it was given."""

from __future__ import annotations

import re
import threading
from functools import reduce
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from harness.core.pointers import with_value
from harness.http.message import Request, Response
from harness.model import Finding, Level, Outcome
from harness.resilience.answer_changes import listed_entries, success_content
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.interposed_server import Interposed, PassOn, passed_back

CURSORS = ("eyJwYWdl+Mi9v/x7=", "eyJwYWdlMi9vx7", "c86753097")
"""Later ones are for documents that allow fewer characters. A ``+`` that is not escaped arrives as a space."""
CORE = 8
"""Characters by which a cursor is recognised, however the rest of it arrived."""
_NEXT = re.compile(r"(next|after|end|continuation)_?(page)?_?(cursor|token)|cursor|next_?page", re.IGNORECASE)
_MORE = re.compile(r"has_?(more|next(_?page)?)", re.IGNORECASE)


class PagedListing(NamedTuple):
    """An operation whose answers have entries, and a place for the cursor of the next page."""

    label: str
    cursor: str


def first_page(request: Request, response: Response, cursor: str) -> Response | None:
    """Return a page of a listing without its entries, which a cursor leads on from; None where it has no cursor."""
    content = success_content(response)
    path, entries = listed_entries(request, content)
    if not entries or not isinstance(content, dict):
        return None
    inner: list[tuple[tuple[str, ...], Any]] = [((name,), value) for name, value in content.items()]
    inner += [((*at, name), v) for at, each in inner if isinstance(each, dict) for name, v in each.items()]
    nexts = [at for at, value in inner if _NEXT.fullmatch(at[-1]) and (value is None or isinstance(value, str))]
    more = [at for at, value in inner if value is False and _MORE.fullmatch(at[-1])]
    if len(nexts) != 1:
        return None
    new = {tuple(map(str, path)): [], nexts[0]: cursor, **dict.fromkeys(more, True)}
    changed: Any = reduce(lambda so_far, place: with_value(so_far, *place), new.items(), content)
    return msgspec.structs.replace(response, body=msgspec.json.encode(changed))


def listing_of(setting: DrillSetting) -> PagedListing | None:
    """Return the first listing of the undisturbed run that may have a further page."""
    for request, response in setting.client.undisturbed().recorded.exchanges():
        for cursor in CURSORS:
            page = first_page(request, response, cursor)
            if page is not None and setting.allows(request, page):
                return PagedListing(setting.label(request.method, request.target), cursor)
    return None


class SecondPage:
    """Answers the first request for a listing with a page without entries, and the next one with the provider's."""

    def __init__(self, setting: DrillSetting, listing: PagedListing) -> None:
        self.asked = False
        """Whether the second page was asked for."""
        self.misspelt = ""
        """A target with something like the cursor in it, and not the cursor."""
        self._setting = setting
        self._listing = listing
        self._first = ""
        """Target of the first page."""
        self._page: Response | None = None
        self._lock = threading.Lock()

    @property
    def is_met(self) -> bool:
        """Whether the first page was asked for."""
        return self._page is not None

    def __call__(self, request: Request, pass_on: PassOn) -> Interposed:
        """Answer one request."""
        if self._setting.label(request.method, request.target) != self._listing.label:
            return passed_back(pass_on())
        with self._lock:
            if self._page is not None and self._listing.cursor[:CORE] in request.target:
                self.asked = True
                if self._listing.cursor not in dict(parse_qsl(urlsplit(request.target).query)).values():
                    self.misspelt = self.misspelt or f"{request.method} {request.target}"
                return Interposed(self._page, f"{self._page.status}, the second page", self._page.status)
            response = pass_on()
            page = first_page(request, response, self._listing.cursor)
            if page is None or self._first not in ("", request.target):
                return passed_back(response)
            self._page, self._first = response, request.target
            return Interposed(page, f"{response.status}, no entries yet", response.status)


def _judge(drill: ClientDrill, setting: DrillSetting) -> Finding:
    if unproven := setting.client.unproven(drill):
        return unproven
    listing = listing_of(setting)
    if listing is None:
        return drill.concluded(Outcome.NOT_APPLICABLE, "no listing that the workflow reads has a next cursor")
    pages = SecondPage(setting, listing)
    ran = setting.run(pages)
    if not pages.is_met:
        return drill.concluded(Outcome.NOT_APPLICABLE, f"the workflow found no entries of {listing.label}", ran)
    complaint = ran[1].ended if ran[1].exit_status is None else ""
    if pages.misspelt:
        complaint = f"the cursor {listing.cursor} was sent as {pages.misspelt}"
    elif not pages.asked and ran[1].succeeded and not setting.need_not_read(listing.label):
        complaint = f"the client reported success without the second page of {listing.label}"
    return drill.concluded(Outcome.FAIL if complaint else Outcome.PASS, complaint, ran)


SECOND_PAGE = ClientDrill(
    id="second-page",
    item="workflow.tolerance",
    level=Level.SHOULD,
    summary="a listing whose entries are all on its second page",
    passed="Read a listing to its end",
    failed="Did not read a listing to its end",
    expected="a request with the cursor of the first page, unchanged once it is decoded, or a reported failure",
    source="Zalando RESTful API Guidelines, rule 160; RFC 3986 section 2.1",
    fix="Ask for the next page as long as there is a cursor, also after a page without entries, and escape the cursor.",
    judge=_judge,
    apart=True,
)
