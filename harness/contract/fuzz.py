"""Fuzzing with Schemathesis: generated requests, valid and invalid, one finding per distinct defect."""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import httpx
import msgspec
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import ignored_auth

from harness.contract.spec import Operation
from harness.model import Finding, Outcome

ITEM = "contract.fuzz"


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """How much is tried per operation."""

    examples: int
    """Generated requests per operation and mode (valid, invalid)."""


BUDGETS: Mapping[str, Budget] = {"quick": Budget(examples=10), "standard": Budget(examples=100)}


class _Worst:
    """The shortest example of each distinct defect, so that what is reported is small."""

    def __init__(self) -> None:
        self.examples: dict[tuple[str, str], tuple[str, Failure]] = {}
        self.sent = 0
        self.unanswered = ""

    def add(self, failure: Failure, curl: str) -> None:
        key = (type(failure).__name__, failure.title)
        if key not in self.examples or len(curl) < len(self.examples[key][0]):
            self.examples[key] = (curl, failure)


def fuzz(
    operation: Operation,
    *,
    client: httpx.Client,
    headers: Mapping[str, str],
    budget: Budget,
    random_seed: int,
) -> list[Finding]:
    """Send generated requests to ``operation`` and return its distinct defects, or one finding that there is none.

    ``headers`` authenticate. ``random_seed`` repeats a run exactly.
    """
    seen = _Worst()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        _run(operation, mode, client=client, headers=headers, budget=budget, random_seed=random_seed, seen=seen)
        if seen.unanswered:
            break
    return list(_findings(operation, seen, random_seed))


def _run(
    operation: Operation,
    mode: GenerationMode,
    *,
    client: httpx.Client,
    headers: Mapping[str, str],
    budget: Budget,
    random_seed: int,
    seen: _Worst,
) -> None:
    @seed(random_seed)
    @settings(
        max_examples=budget.examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(case=operation.raw.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        _try(case, client=client, headers=headers, seen=seen)

    # Nothing invalid can be generated for an operation that takes anything.
    with suppress(Unsatisfiable):
        one()


def _try(case: Any, *, client: httpx.Client, headers: Mapping[str, str], seen: _Worst) -> None:
    if seen.unanswered:
        return
    response = _call(case, client, headers, seen)
    if response is None:
        return
    seen.sent += 1
    try:
        # auth.rejects judges credentials, on every secured operation and not only where chance leads.
        case.validate_response(response, excluded_checks=[ignored_auth], headers=dict(headers))
    except FailureGroup as group:
        for failure in group.exceptions:
            seen.add(failure, _curl(response.request, headers))
    except Failure as failure:
        seen.add(failure, _curl(response.request, headers))


def _call(case: Any, client: httpx.Client, headers: Mapping[str, str], seen: _Worst) -> httpx.Response | None:
    """Send one generated case; None when HTTP cannot carry it or nobody answers."""
    kwargs = case.as_transport_kwargs(base_url=str(client.base_url).rstrip("/"), headers=dict(headers))
    cookies = kwargs.pop("cookies", None) or {}
    sent = dict(kwargs.pop("headers", None) or {})
    if cookies:
        sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
    for name in [n for n in sent if n.lower() == "idempotency-key" and case.meta.generation.mode.is_positive]:
        sent[name] = str(uuid.uuid4())  # a generator repeats simple values, and a repeated key means a repeated call
    body = {k: v for k in ("json", "files", "params") if (v := kwargs.get(k)) is not None}
    data = kwargs.get("data")
    if data is not None:
        body["data" if isinstance(data, Mapping) else "content"] = data
    try:
        return client.request(kwargs["method"], kwargs["url"], headers=sent, **body)
    except (
        httpx.LocalProtocolError,
        httpx.InvalidURL,
        httpx.UnsupportedProtocol,
        UnicodeError,
        TypeError,
        ValueError,
    ):
        return None  # a header or URL that no client can put on the wire
    except httpx.TransportError as exc:
        seen.unanswered = f"{case.operation.label}: {type(exc).__name__}: {exc}"
        return None


def _findings(operation: Operation, seen: _Worst, random_seed: int) -> Iterator[Finding]:
    def finding(outcome: Outcome, summary: str, observed: str, curl: str = "") -> Finding:
        return Finding(
            item=ITEM,
            outcome=outcome,
            summary=f"{operation.label}: {summary}",
            expected=f"what the spec says of {operation.label}",
            observed=observed,
            reproduce=curl,
            source="the spec; Schemathesis' checks",
            case=operation.label,
        )

    if seen.unanswered:
        yield finding(Outcome.ERROR, "the provider stopped answering while it was fuzzed", seen.unanswered)
        return
    for curl, failure in sorted(seen.examples.values(), key=lambda e: e[1].title):
        yield finding(Outcome.FAIL, failure.title, str(failure.message)[:600] or failure.title, curl)
    if not seen.examples:
        outcome = Outcome.PASS if seen.sent else Outcome.ERROR
        yield finding(outcome, f"{seen.sent} generated requests, no violation", f"seed {random_seed}")


def _curl(request: httpx.Request, secret_headers: Mapping[str, str]) -> str:
    """Return the request as a curl line; headers that authenticate are named, not shown."""
    hidden = {k.lower() for k in secret_headers}
    skipped = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}
    parts = ["curl", "-i", "-X", request.method]
    for name, value in request.headers.items():
        if name in hidden:
            parts += ["-H", f"{name}: $CREDENTIAL"]
        elif name not in skipped:
            parts += ["-H", f"{name}: {value}"]
    if request.content:
        parts += ["--data-binary", request.content.decode(errors="replace")]
    return shlex.join([*parts, str(request.url)])
