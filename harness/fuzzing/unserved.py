"""Operations that the server does not have, as opposed to a resource that does not exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import msgspec

from harness.core.stable_text import stable
from harness.errors import NotPermittedError
from harness.fuzzing.defects import ITEM, StoredRequest, as_answer
from harness.http.message import media_type
from harness.http.provider_client import UNSENDABLE, ProviderClient
from harness.model import Check, Finding, FixedBy, Outcome
from harness.model.finding import UNSERVED_CHECK
from harness.openapi.operation import Operation
from harness.openapi.permission import UNKNOWN_PATH

CONFIRMED_BY = 3
"""Valid requests, and as many invalid ones, that must get the same answer before an operation counts as unserved."""
MOST_CONFIRMING = 2 * (2 * CONFIRMED_BY + 1)
"""Requests that confirm it, with those that are sent to an unknown path too, and one OPTIONS."""
LEAST_ANSWERS = 2
CAUSE = "the server does not have the operation"
REFUSES_ALL = frozenset({405, 501})
"""Statuses that are about the operation, whatever the request holds (RFC 9110 sections 15.5.6 and 15.6.2)."""
PROVES_NOTHING = frozenset({401, 403, 429, 503})
"""Statuses that come before anything looks for the operation."""
_OF_THE_MESSAGE = frozenset({"host", "content-length", "connection", "transfer-encoding"})
Headers = Iterable[tuple[str, str]]
UNSERVED = Check(
    id=UNSERVED_CHECK,
    item=ITEM,
    fixed_by=FixedBy.PROVIDER,
    summary="operations of the spec that the server does not have",
    passed="Serves the operations of the spec",
    failed="Does not have operations of the spec",
    expected="an answer of the operation, not of the router: neither the 404 of an unknown path, nor 405 or 501 to all",
    source="RFC 9110 sections 15.5.5, 15.5.6 and 15.6.2",
    fix="Serve the operations, remove them from the spec, or leave them out with `exclude` until they are there.",
)


class Router:
    """What the server answers to paths that it does not know; one for all operations of a process."""

    def __init__(self, client: ProviderClient, labels: Collection[str]) -> None:
        """``labels`` are the operations that are fuzzed."""
        self._client = client
        self._labels = frozenset(labels)
        self._unserved: set[str] = set()
        self.distinguishes = False
        """Whether an operation answered 404 in other words than the router, so about a resource."""

    @cached_property
    def unknown(self) -> tuple[object, ...] | None:
        """The answer to a path that no server has, without what depends on it; None where it is no 404, or unknown."""
        response = self._asked("GET", UNKNOWN_PATH)
        return None if response is None or response.status_code != 404 else _essence(response)

    def is_unknown(self, response: httpx.Response) -> bool:
        """Whether an answer is the one to an unknown path."""
        return response.status_code == 404 and _essence(response) == self.unknown

    def refuses_anywhere(self, response: httpx.Response) -> bool:
        """Whether what was asked gets the same status below an unknown path, so before anything looks for the path.

        Such as 400 for a URL that is too long for the server.
        """
        request = response.request
        headers = [(name, value) for name, value in request.headers.multi_items() if name not in _OF_THE_MESSAGE]
        path = UNKNOWN_PATH + request.url.raw_path.decode(errors="replace")
        twin = self._asked(request.method, path, headers, authenticated=False, content=request.content)
        return twin is not None and twin.status_code == response.status_code

    def knows(self, path: str) -> bool | None:
        """Whether the router knows a path, by OPTIONS where that may be sent; None where that shows nothing."""
        if not self._options_tell:
            return None
        response = self._asked("OPTIONS", path)
        return None if response is None else response.status_code != 404

    def note(self, label: str) -> None:
        """Note that an operation is unserved."""
        self._unserved.add(label)

    def lacks_collection(self, path: str) -> bool:
        """Whether ``path`` is below one without parameters of which every operation is unserved."""
        collection = path.partition("/{")[0]
        of_it = {label for label in self._labels if label.partition(" ")[2] == collection}
        return "{" in path and bool(of_it) and of_it <= self._unserved

    @cached_property
    def _options_tell(self) -> bool:
        response = self._asked("OPTIONS", UNKNOWN_PATH)
        return response is not None and response.status_code == 404

    def _asked(self, method: str, path: str, headers: Headers = (), **how: Any) -> httpx.Response | None:
        try:
            return self._client.send(self._client.build(method, path, headers, **how)).response
        except (*UNSENDABLE, NotPermittedError):
            return None


class UnservedWatch:
    """Judges by all answers of one operation whether the server has it."""

    def __init__(self, operation: Operation, router: Router) -> None:
        self._operation = operation
        self._router = router
        self._answers: list[httpx.Response] = []
        self._served = False
        self._refused = False
        self._confirming = False
        self.unserved = False
        """What `judge` decided."""

    def observe(self, response: httpx.Response) -> None:
        """Take one answer into account; one to another method, or that proves nothing, is left out."""
        status = response.status_code
        if self._served or response.request.method != self._operation.method or status in PROVES_NOTHING:
            return
        if status == 404 and self._router.unknown is not None and not self._router.is_unknown(response):
            self._router.distinguishes = True
            self._served = True
        elif status == 404 or status in REFUSES_ALL:
            self._answers.append(response)
        else:
            self._served = not (response.is_error and self._router.refuses_anywhere(response))
            self._refused = not self._served

    def asks_to_confirm(self) -> bool:
        """Whether the first answer leaves open whether the server has the operation."""
        first = bool(self._answers or self._refused) and not self._served and not self._confirming
        self._confirming = self._confirming or first
        return first

    def judge(self, *, broken: bool) -> bool:
        """Decide, when enough requests were answered, whether the server does not have the operation.

        What is only likely counts where its answers are ``broken`` anyway, so that it adds no failure of its own.
        """
        if self._confirming and not self._served:
            certain = self._certain()
            self.unserved = certain or (broken and certain is None)
        self._served = not self.unserved
        if self.unserved:
            self._router.note(self._operation.label)
        return self.unserved

    def finding(self, request: StoredRequest, base_url: str) -> Finding:
        """Return the finding of an operation at which nothing else is wrong."""
        label, response = self._operation.label, self._answers[-1]
        observed = f"{as_answer(response)}\nrequest: {request.curl(base_url)}"
        found = UNSERVED.finding(Outcome.FAIL, observed, summary=f"{label}: {CAUSE}", case=label)
        return msgspec.structs.replace(found.named(label, UNSERVED.id, CAUSE), cause=CAUSE)

    @property
    def last(self) -> httpx.Request:
        """The last request."""
        return self._answers[-1].request

    def _certain(self) -> bool | None:
        """Whether the refusal of all requests is about the operation, not about a resource; None where that is likely.

        The 404 of an id that was made up is right, and a router may look at the id too.
        """
        alike = {(r.status_code, *(_essence(r) if r.status_code == 404 else ())) for r in self._answers}
        if len(alike) != 1 or len(self._answers) < LEAST_ANSWERS:
            return False
        if self._answers[0].status_code in REFUSES_ALL or self._router.lacks_collection(self._operation.path):
            return True
        is_plain, documented = "{" not in self._operation.path, "404" in self._operation.responses
        if self._router.unknown is None:
            return None if is_plain and not documented else False
        known = self._router.knows(str(self._answers[0].request.url))
        if known is False and is_plain:
            return True
        about_resources = not is_plain and known is None and not self._router.distinguishes
        return False if known or documented or about_resources else None


def as_unserved(finding: Finding) -> Finding:
    """Return what is wrong with the answers of an unserved operation as part of that; its id remains."""
    row = {"check": UNSERVED.id, "fix": UNSERVED.fix, "fixed_by": UNSERVED.fixed_by, "level": UNSERVED.level}
    return msgspec.structs.replace(finding, cause=CAUSE, note="", **row)


def _essence(response: httpx.Response) -> tuple[object, ...]:
    """Return what of a 404 does not depend on the request: many servers repeat method and path in it."""
    request, text = response.request, response.text
    parts = urlsplit(str(request.url))
    whole = request.url.raw_path.decode(errors="replace")
    for word in (str(request.url), whole, unquote(whole), parts.path, unquote(parts.path), request.method):
        text = text.replace(word, "#")
    return response.status_code, media_type(response.headers.get("content-type", "")), stable(text)
