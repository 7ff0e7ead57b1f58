"""States why an incoming delivery is not genuine: by a scheme, or by the one that is found in the first deliveries."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from harness.http.message import Request
from harness.webhooks.discovery.scheme_description import SchemeDescription
from harness.webhooks.discovery.scheme_finder import SchemeSearch, find_scheme
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import Scheme, scheme_for
from harness.webhooks.sender_urls import sender_urls
from harness.webhooks.signature_check import signature_complaint

MOST_SEARCHED = 5
"""Deliveries in which a scheme is looked for: each search takes up to two seconds."""


class SenderCheck(NamedTuple):
    """Whether deliveries are genuine by one scheme."""

    scheme: Scheme
    key: Callable[[], str]
    given: str
    """The URL that the provider has, empty where it is not known."""
    event_id: str | None = None
    """Key of the body that has the id, where the scheme's own place has none."""

    def complaint(self, request: Request) -> str:
        """Return why a request is not genuine, empty when it is."""
        lower = tuple((k.lower(), v) for k, v in request.headers)
        event = EventFormat(scheme=self.scheme, id_key=self.event_id).received(lower, request.body)
        urls = sender_urls(request, given=self.given)
        wrong = signature_complaint(
            self.scheme, event, secret=self.key(), urls=urls, now=time.time(), method=request.method
        )
        if not wrong:
            return ""
        unknown = self.scheme.signs_url and not self.given
        return wrong.text + (" with any URL known here. Pass --url with the provider's URL" if unknown else "")


class SchemeByDelivery:
    """Looks for the scheme in the first deliveries, and then judges all by it."""

    def __init__(self, key: Callable[[], str], given: str, *, reference: str, announce: Callable[[str], None]) -> None:
        """``announce`` gets the section of harness.toml, with ``reference`` as the secret, once it is found."""
        self._key, self._given, self._reference, self._announce = key, given, reference, announce
        self.search = SchemeSearch(found=(), why_not="no delivery came. Let the provider send one, and run this again.")
        """What is known so far."""
        self._open: list[Request] = []
        self._searches = 0
        self._check: SenderCheck | None = None
        self._lock = Lock()

    def complaint(self, request: Request) -> str:
        """Return why a request is not genuine, empty when it is."""
        with self._lock:
            if self._check is None and self._searches < MOST_SEARCHED:
                return self._search(request)
        return self._check.complaint(request) if self._check else self.search.why_not

    def _search(self, request: Request) -> str:
        """Look in one more delivery; those that leave several descriptions open decide together."""
        self._searches += 1
        search = find_scheme([*self._open, request], self._key(), url=self._given)
        if not search.found:
            self.search = self.search if self.search.found else search
            return search.why_not
        self.search = search
        self._open.append(request)
        if len(search.found) == 1:
            self._found(search.found[0])
        return ""

    def _found(self, description: SchemeDescription) -> None:
        scheme = scheme_for(description.signature(self._reference))
        self._check = SenderCheck(scheme, self._key, self._given, description.event_id or None)
        self._announce(f"The scheme is found. Write to harness.toml:\n\n{description.section(self._reference)}\n")
