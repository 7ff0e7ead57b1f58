"""`secrets.never-logged`: every known secret, searched for in every answer that the run gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from harness.core.stable_text import stable
from harness.errors import CassetteError
from harness.http.codings import CodingError, CodingFault, decoded
from harness.http.message import Exchange, Response
from harness.model import Check, Finding, FixedBy, Outcome
from harness.secrets import Scanner
from harness.secrets.redaction.redactor import Redactor

ANSWERED = Check(
    id="answers-hold-no-secret",
    item="secrets.never-logged",
    summary="every known secret, searched for in every answer that the run got",
    passed="No answer holds a known secret",
    failed="An answer holds a known secret",
    expected="no known secret, in any encoding, in the status line, the headers or the body of an answer",
    source="CWE-201",
    fix="Answer with a status and a short reason, never with headers of the request, settings or a dump of an error.",
)
REPEATED = Check(
    id="provider-repeats-no-secret",
    item="secrets.never-logged",
    fixed_by=FixedBy.PROVIDER,
    summary="every known secret, searched for in every answer of the provider",
    passed="The provider repeats no known secret",
    failed="The provider repeats a known secret",
    expected="no known secret, in any encoding, in an answer, except a field of a 2xx that is there to hand one over",
    source="CWE-201",
    fix="Take headers and parameters of the request out of answers, above all out of those to errors.",
)
CHECKS = (ANSWERED, REPEATED)
_BODY = "the body"


class Answerer(NamedTuple):
    """Who sent an answer."""

    name: str
    """In words, such as ``the receiver``."""
    is_provider: bool


class AnswerLeak(msgspec.Struct, frozen=True, kw_only=True):
    """A known secret in one part of an answer, or what of the part could not be searched."""

    secret: str
    """The reference that names it."""
    forms: str
    """How it was encoded."""
    place: str
    """The part: ``the body``."""
    who: Answerer
    request: str
    """Method and path, such as ``GET /runs``."""
    status: int
    unread: str = ""
    """What was beyond a bound of the search, in words; then no secret is named."""

    @property
    def kind(self) -> tuple[str, str, str, int]:
        """What is the same where the same code words the answer: it is reported once."""
        return self.secret, self.place, self.who.name, self.status

    @property
    def finding(self) -> Finding:
        """Its finding."""
        row = REPEATED if self.who.is_provider else ANSWERED
        where = f"{self.place} of the answer {self.status} of {self.who.name}"
        if self.unread:
            summary = f"Could not search all of {where} to {self.request} for known secrets"
            cause = f"unread: {where}"
            return row.finding(
                Outcome.ERROR, self.unread, summary=summary, case="", subject=stable(self.request), cause=cause
            )
        return row.finding(
            Outcome.FAIL,
            f"HTTP {self.status} to {self.request}, encoding: {self.forms}",
            summary=f"{row.failed}: {self.secret} in {where} to {self.request} ({self.forms})",
            case="",
            subject=stable(self.request),
            cause=f"{self.secret} in {where}",
        )


class AnswerSearch:
    """Searches answers as they arrive."""

    def __init__(
        self, scanner: Callable[[], Scanner], who: Callable[[str], Answerer], *, public: frozenset[str] = frozenset()
    ) -> None:
        """``scanner`` knows the secrets that are known when it is asked for, ``who`` answers at a URL.

        ``public`` are names of what answers may hold.
        """
        self._public = public
        self._scanner = scanner
        self._who = who
        self._leaks: list[AnswerLeak] = []
        self._told: set[tuple[str, str, str, int]] = set()
        self._seen: set[tuple[str, str, str, int]] = set()

    def __call__(self, exchange: Exchange) -> None:
        """Search one answer."""
        response = exchange.response
        assert response is not None
        parts, closed = _parts(response)
        scanner = self._scanner()
        leaks = scanner.scan_bytes(b"\n".join(parts.values()), "")
        if not (leaks or leaks.unread or closed):
            return
        who = self._who(exchange.request.url)
        if who.is_provider and 200 <= response.status < 300:
            parts, _ = _parts(_without_handed_over(response))
        path = urlsplit(exchange.request.url).path or "/"
        told = partial(AnswerLeak, who=who, request=f"{exchange.request.method} {path}", status=response.status)
        for place, content in parts.items():
            leaks = scanner.scan_bytes(content, place)
            forms: dict[str, list[str]] = {}
            for leak in leaks:
                forms.setdefault(leak.secret, []).append(leak.form)
            for secret, found in forms.items():
                if secret not in self._public:
                    self._note(told(secret=secret, forms=", ".join(sorted(found)), place=place))
            if unread := [*leaks.unread, *closed.get(place, ())]:
                self._note(told(secret="", forms="", place=place, unread="; ".join(unread)))

    def _note(self, leak: AnswerLeak) -> None:
        if leak.kind not in self._seen:
            self._seen.add(leak.kind)
            self._leaks.append(leak)

    def apart(self) -> AnswerSearch:
        """Return what searches other answers, whose leaks `take` returns."""
        return AnswerSearch(self._scanner, self._who, public=self._public)

    def take(self) -> list[AnswerLeak]:
        """Return the leaks that were not taken or reported before."""
        leaks, self._leaks = self._leaks, []
        return leaks

    def add(self, leaks: Iterable[AnswerLeak]) -> None:
        """Report leaks that another one took."""
        self._leaks += leaks

    def findings(self) -> list[Finding]:
        """Return one finding for each kind of leak that was not reported before; none when nothing leaked."""
        found = {leak.kind: leak for leak in reversed(self.take()) if leak.kind not in self._told}
        self._told |= found.keys()
        return [leak.finding for leak in reversed(found.values())]


def _parts(response: Response) -> tuple[dict[str, bytes], dict[str, list[str]]]:
    """Return each part of an answer that can hold something, by its name, and why one cannot be opened."""
    parts = {"the reason phrase": response.reason.encode("latin-1", "replace")}
    for name, value in response.headers:
        place = f"the header {name.lower()}"
        parts[place] = b"\n".join(filter(None, (parts.get(place), value.encode("latin-1", "replace"))))
    parts[_BODY] = response.body
    try:
        parts[_BODY], _ = decoded(response.body, response.header("content-encoding"))
    except CodingError as exc:
        if exc.fault in {CodingFault.TOO_LARGE, CodingFault.UNKNOWN, CodingFault.WINDOW}:
            return parts, {_BODY: [f"{_BODY}: {str(exc).rstrip('.')}"]}
    return parts, {}


def _without_handed_over(response: Response) -> Response:
    """Return an answer without the fields and cookies that hand a secret over, as that of a login does."""
    redactor, named = Redactor(), dict(response.headers)
    headers = tuple((name, redactor.headers({name: value}, received=True)[name]) for name, value in response.headers)
    media, coding = response.header("content-type"), response.header("content-encoding")
    body = response.body
    with suppress(CassetteError):
        body = redactor.body(body, media_type=media, coding=coding, received=True)
    return msgspec.structs.replace(response, headers=headers if named else (), body=body)
