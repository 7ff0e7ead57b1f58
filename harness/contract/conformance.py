"""Exchanges seen in passing, held against the spec without the user asking."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import httpx
import msgspec

from harness.core.stable_text import stable, stable_complaint
from harness.http.content import content_of
from harness.http.message import Exchange, Request, Response, header_bytes
from harness.model import Check, Finding, FixedBy, Outcome
from harness.model.finding import stable_id
from harness.openapi.spec_document import Spec

OF = {"workflow.contract": "scenarios", "workflow.recorded": "recordings"}
"""By item: whose exchanges it is about."""
CONFORMS = {
    item: Check(
        id="conforms",
        item=item,
        fixed_by=FixedBy.PROVIDER,
        summary=f"the responses of {of}",
        passed=f"The responses of {of} follow the spec",
        failed=f"A response of {of} breaks the spec",
        expected="status, content type, headers and body as the spec describes them",
        source="the spec",
        fix="Correct the provider's answer or the spec, whichever is wrong, and record again what was recorded.",
    )
    for item, of in OF.items()
}
REQUESTS = {
    item: Check(
        id="requests",
        item=item,
        summary=f"the calls of {of}",
        passed=f"The calls of {of} follow the spec",
        failed=f"A call of {of} breaks the spec",
        expected="calls of documented operations, with requests that the spec allows where they were accepted",
        source="the spec",
        fix="Call what the spec describes, in the way it describes, or correct the spec; then record again.",
    )
    for item, of in OF.items()
}

_REQUIRED = re.compile(r"\S+ is a required property")
_PLACE = re.compile(r"\(at (\S+)\)$")
"""Where in a body something is, a JSON pointer."""
_INDEX = re.compile(r"/\d+(?=/|$)")


class _Violation(NamedTuple):
    """How an exchange breaks the spec."""

    check: Check
    subject: str
    """The operation, or the call where the spec describes none."""
    where: str
    what: str

    @property
    def cause(self) -> str:
        """What is wrong, without the values of this exchange, so that it is the same for each like it."""
        answering = self.where.removeprefix(self.subject).strip()
        title, _, detail = (self.what.strip().splitlines() or [""])[0].partition(": ")
        required, place = _REQUIRED.match(detail), _PLACE.search(detail)
        parts = [f"{answering}: {title}" if answering not in ("", self.where) else title]
        parts += [f": {required[0]}"] if required else []
        parts += [f" (at {_INDEX.sub('/*', place[1])})"] if place else []
        return "".join(parts)

    def finding(self, spec: Spec, prefix: str) -> Finding:
        failed = _finding(spec, self.check, Outcome.FAIL, f"{prefix}{self.where} breaks the spec", self.what)
        answering = self.where.removeprefix(self.subject)
        wrong = stable_complaint(next(iter(self.what.strip().splitlines()), ""))
        name = stable_id(stable(self.subject), self.check.key, f"{answering}: {wrong}")
        return msgspec.structs.replace(failed, subject=self.subject, cause=self.cause, id=name)


def judge_exchanges(
    spec: Spec, exchanges: Iterable[Exchange], *, item: str, place: str = "", recorded: bool = False
) -> Iterator[Finding]:
    """Yield one finding per violation of the spec, or one each with the number of valid requests and responses.

    ``item`` is the checklist item of the findings, ``place`` the cassette they come from. A call that the spec does
    not describe is a violation; where it describes none of them, there is one finding. A request is held against the
    spec where it was accepted (HTTP 2xx or 3xx): what was refused may have been invalid on purpose. None without
    responses; ``recorded`` chooses the words.
    """
    answered = [(e.request, e.response) for e in exchanges if e.response is not None]
    known = [(request, response) for request, response in answered if _described(spec, request)]
    undescribed = f"no operation of {spec.source} describes this call"
    strange = [_strange(item, r, undescribed) for r, _ in answered if not _described(spec, r)]
    prefix = f"{place}: " if place else ""
    if place and not known and len(strange) > 1:
        summary = (
            f"{prefix}none of its {len(strange)} calls is described by {spec.source}. Was it recorded for another API?"
        )
        yield _finding(spec, REQUESTS[item], Outcome.FAIL, summary, "\n".join(dict.fromkeys(v.where for v in strange)))
        return
    found = dict.fromkeys([*strange, *_violations(spec, known, item, recorded=recorded)])
    for violation in found:
        yield violation.finding(spec, prefix)
    for check, thing, number in ((CONFORMS[item], "response", len(known)), (REQUESTS[item], "request", len(answered))):
        if number and not any(v.check is check for v in found):
            conform = f"1 {thing} conforms" if number == 1 else f"{number} {thing}s conform"
            yield _finding(spec, check, Outcome.PASS, f"{prefix}{conform} to the spec", spec.source)


def _violations(
    spec: Spec, known: Iterable[tuple[Request, Response]], item: str, *, recorded: bool
) -> Iterator[_Violation]:
    """Yield what is wrong with the exchanges that the spec describes."""
    the_request = "the recorded request" if recorded else "the request"
    for request, response in known:
        for where, what in response_violations(spec, request, response):
            yield _Violation(CONFORMS[item], where.rpartition(" answering ")[0], where, what)
        for violation in spec.request_violations(request) if response.status < 400 else ():
            label, _, what = violation.partition(": ")
            yield _Violation(REQUESTS[item], label, f"{the_request} of {label}", what)


def _strange(item: str, request: Request, what: str) -> _Violation:
    return _Violation(REQUESTS[item], _called(request), _called(request), what)


def _described(spec: Spec, request: Request) -> bool:
    return spec.find(request.method, request.url) is not None


def _called(request: Request) -> str:
    return f"{request.method} {httpx.URL(request.url).path}"


def response_violations(spec: Spec, request: Request, response: Response) -> Iterator[tuple[str, str]]:
    """Yield how a response breaks the document, with the call it answers; the document describes that call."""
    operation = spec.find(request.method, request.url)
    assert operation is not None
    content = content_of(response.headers, response.body)
    headers = [(name, value) for name, value in response.headers if name.lower() != "content-encoding"]
    sent = httpx.Request(request.method, request.url, headers=header_bytes(request.headers), content=request.body)
    body = response.body if content is None else content
    answer = httpx.Response(response.status, headers=header_bytes(headers), content=body, request=sent)
    answer.elapsed = dt.timedelta()  # Schemathesis reads it, and httpx sets it only on what it sent itself
    for violation in operation.violations(answer, readable=content is not None):
        yield f"{operation.label} answering {response.status}", violation


def _finding(spec: Spec, check: Check, outcome: Outcome, summary: str, observed: str) -> Finding:
    return check.finding(outcome, observed, summary=summary, source=spec.source, case="")
