"""Exchanges seen in passing, held against the spec without the user asking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

import httpx

from harness.http.message import Exchange, Request, Response, header_bytes
from harness.model import Check, Finding, Outcome
from harness.openapi.spec_document import Spec

CONFORMS = {
    item: Check(
        id="conforms",
        item=item,
        summary=f"the responses of {of}",
        passed=f"The responses of {of} follow the spec",
        failed=f"A response of {of} breaks the spec",
        expected="status, content type, headers and body as the spec describes them",
        source="the spec",
        fix="Correct the provider's answer or the spec, whichever is wrong, and record again what was recorded.",
    )
    for item, of in (
        ("workflow.contract", "scenarios"),
        ("workflow.recorded", "recordings"),
    )
}


def judge_exchanges(
    spec: Spec, exchanges: Iterable[Exchange], *, item: str, place: str = "", recorded: bool = False
) -> Iterator[Finding]:
    """Yield one finding per violation of the spec, or one with the number of valid responses; none without responses.

    ``item`` is the checklist item of the findings, ``place`` the cassette they come from. A call that the
    spec does not describe is a violation; where it describes none of them, there is one finding. Of ``recorded`` ones
    the requests are held against the spec too, where they were accepted: today's provider may refuse them.
    """
    seen, violations = 0, dict[tuple[str, str], None]()
    undescribed = f"no operation of {spec.source} describes this call"
    unknown = 0
    for exchange in exchanges:
        request, response = exchange.request, exchange.response
        if response is None:
            continue
        seen += 1
        described = _described(spec, request)
        found = list(response_violations(spec, request, response)) if described else [(_called(request), undescribed)]
        if described and recorded and response.status < 400:
            found += _of_request(spec, request)
        unknown += found[:1] == [(_called(request), undescribed)]
        violations.update(dict.fromkeys(found))
    prefix = f"{place}: " if place else ""
    if place and unknown == seen > 1:
        text = f"{place}: none of its {seen} calls is described by {spec.source}. Was it recorded for another API?"
        yield _finding(spec, item, Outcome.FAIL, text, "\n".join(where for where, _ in violations))
        return
    for where, violation in violations:
        yield _finding(spec, item, Outcome.FAIL, f"{prefix}{where} breaks the spec", violation)
    if seen and not violations:
        conform = "1 response conforms" if seen == 1 else f"{seen} responses conform"
        yield _finding(spec, item, Outcome.PASS, f"{prefix}{conform} to the spec", spec.source)


def _described(spec: Spec, request: Request) -> bool:
    return spec.find(request.method, request.url) is not None


def _called(request: Request) -> str:
    return f"{request.method} {httpx.URL(request.url).path}"


def response_violations(spec: Spec, request: Request, response: Response) -> Iterator[tuple[str, str]]:
    """Yield how a response breaks the document, with the call it answers; the document describes that call."""
    operation = spec.find(request.method, request.url)
    assert operation is not None
    sent = httpx.Request(request.method, request.url, headers=header_bytes(request.headers), content=request.body)
    answer = httpx.Response(
        response.status, headers=header_bytes(response.headers), content=response.body, request=sent
    )
    answer.elapsed = dt.timedelta()  # Schemathesis reads it, and httpx sets it only on what it sent itself
    for violation in operation.violations(answer):
        yield f"{operation.label} answering {response.status}", violation


def _of_request(spec: Spec, request: Request) -> Iterator[tuple[str, str]]:
    for violation in spec.request_violations(request):
        label, _, what = violation.partition(": ")
        yield f"the recorded request of {label}", what


def _finding(spec: Spec, item: str, outcome: Outcome, summary: str, observed: str) -> Finding:
    return CONFORMS[item].finding(outcome, observed, summary=summary, source=spec.source, case="")
