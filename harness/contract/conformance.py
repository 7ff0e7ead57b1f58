"""Exchanges seen in passing, held against the spec without the user asking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

import httpx

from harness.contract.spec import Spec
from harness.model import Exchange, Finding, Outcome


def judge_exchanges(spec: Spec, exchanges: Iterable[Exchange], *, item: str) -> Iterator[Finding]:
    """Yield one finding per violation of the spec, or one that says how many responses conform; none without any.

    ``item`` is the checklist item that the exchanges speak to. A call that the spec does not describe is a violation.
    """
    seen, violations = 0, dict[tuple[str, str], None]()
    for exchange in exchanges:
        seen += 1
        violations.update(dict.fromkeys(_violations(spec, exchange)))
    for where, violation in violations:
        yield _finding(spec, item, Outcome.FAIL, f"{where} breaks the spec", violation)
    if seen and not violations:
        yield _finding(spec, item, Outcome.PASS, f"{seen} responses conform to the spec", spec.source)


def _violations(spec: Spec, exchange: Exchange) -> Iterator[tuple[str, str]]:
    url = httpx.URL(exchange.url)
    operation = spec.find(exchange.method, url)
    if operation is None:
        yield f"{exchange.method} {url.path}", f"no operation of {spec.source} describes this call"
        return
    request = httpx.Request(exchange.method, url, headers=exchange.request_headers, content=exchange.request_body)
    response = httpx.Response(exchange.status, headers=exchange.headers, content=exchange.body, request=request)
    response.elapsed = dt.timedelta()  # Schemathesis reads it, and httpx sets it only on what it sent itself
    for violation in operation.violations(response):
        yield f"{operation.label} answering {exchange.status}", violation


def _finding(spec: Spec, item: str, outcome: Outcome, summary: str, observed: str) -> Finding:
    return Finding(
        item=item,
        outcome=outcome,
        summary=summary,
        expected="status, content type, headers and body as the spec describes them",
        observed=observed,
        source=spec.source,
    )
