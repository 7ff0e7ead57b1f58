"""Exchanges seen in passing, held against the spec without the user asking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

import httpx

from harness.model import Exchange, Finding, Outcome
from harness.openapi.request_validation import request_violations
from harness.openapi.spec_document import Spec


def judge_exchanges(
    spec: Spec, exchanges: Iterable[Exchange], *, item: str, place: str = "", recorded: bool = False
) -> Iterator[Finding]:
    """Yield one finding per violation of the spec, or one that says how many responses conform; none without any.

    ``item`` is the checklist item that the exchanges speak to, ``place`` the cassette they come from. A call that the
    spec does not describe is a violation; where it describes none of them, one finding says so. Of ``recorded`` ones
    the requests are held against the spec too, where they were accepted: today's provider may refuse them.
    """
    seen, violations = 0, dict[tuple[str, str], None]()
    undescribed = f"no operation of {spec.source} describes this call"
    unknown = 0
    for exchange in exchanges:
        seen += 1
        described = _described(spec, exchange)
        found = list(_violations(spec, exchange)) if described else [(_called(exchange), undescribed)]
        if described and recorded and exchange.status < 400:
            found += _of_request(spec, exchange)
        unknown += found[:1] == [(_called(exchange), undescribed)]
        violations.update(dict.fromkeys(found))
    prefix = f"{place}: " if place else ""
    if place and unknown == seen > 1:
        text = f"{place}: none of its {seen} calls is described by {spec.source}. Was it recorded for another API?"
        yield _finding(spec, item, Outcome.FAIL, text, "\n".join(where for where, _ in violations))
        return
    for where, violation in violations:
        yield _finding(spec, item, Outcome.FAIL, f"{prefix}{where} breaks the spec", violation)
    if seen and not violations:
        yield _finding(spec, item, Outcome.PASS, f"{prefix}{seen} responses conform to the spec", spec.source)


def _described(spec: Spec, exchange: Exchange) -> bool:
    return spec.find(exchange.method, exchange.url) is not None


def _called(exchange: Exchange) -> str:
    return f"{exchange.method} {httpx.URL(exchange.url).path}"


def _violations(spec: Spec, exchange: Exchange) -> Iterator[tuple[str, str]]:
    operation = spec.find(exchange.method, exchange.url)
    assert operation is not None
    request = httpx.Request(
        exchange.method, exchange.url, headers=exchange.request_headers, content=exchange.request_body
    )
    response = httpx.Response(exchange.status, headers=exchange.headers, content=exchange.body, request=request)
    response.elapsed = dt.timedelta()  # Schemathesis reads it, and httpx sets it only on what it sent itself
    for violation in operation.violations(response):
        yield f"{operation.label} answering {exchange.status}", violation


def _of_request(spec: Spec, exchange: Exchange) -> Iterator[tuple[str, str]]:
    target = httpx.URL(exchange.url).raw_path.decode()
    for violation in request_violations(spec, exchange.method, target, exchange.request_headers, exchange.request_body):
        label, _, what = violation.partition(": ")
        yield f"the recorded request of {label}", what


def _finding(spec: Spec, item: str, outcome: Outcome, summary: str, observed: str) -> Finding:
    return Finding(
        item=item,
        outcome=outcome,
        summary=summary,
        expected="status, content type, headers and body as the spec describes them",
        observed=observed,
        source=spec.source,
    )
