"""Refusals as the provider words them: problem documents where they are declared, and what must go with a status."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from harness.contract.caller import Caller, broken
from harness.contract.promise import Planned, Promise
from harness.contract.sample import Sample
from harness.core.cutting import cut
from harness.http.message import media_type
from harness.model import Finding, FixedBy, Outcome
from harness.model.cause import WITHOUT_ALLOW
from harness.openapi.operation import METHODS, Operation
from harness.openapi.response_causes import content_type_cause

PROBLEM = "application/problem+json"
REFUSALS_WORDED = Promise(
    id="problems",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="refusals of every operation",
    passed="Refusals carry what the spec and HTTP require",
    failed="A refusal is missing what the spec or HTTP requires",
    expected="a problem document where the spec declares one, with the status of the answer",
    source="RFC 9457 section 3",
    fix="Answer every refusal through one place that writes the problem document, with the status in it.",
    judge=lambda caller, _: judge_problems(caller),
    planned=lambda caller: _planned(caller),  # noqa: PLW0108 - defined below
)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One way to be refused."""

    id: str
    asks: Mapping[str, Any]
    """What is special about the call; see `Caller.call`."""
    wanted: Callable[[Operation], bool] = lambda _: True
    """Whether the operation can be called that way."""


REFUSALS: tuple[Refusal, ...] = (
    Refusal(id="no credential", asks={"authenticated": False}),
    Refusal(id="an id that is none", asks={}, wanted=lambda o: "{" in o.path),
    Refusal(
        id="a body that is no JSON",
        asks={"content": b"{", "headers": {"content-type": "application/json"}},
        wanted=lambda o: bool(o.bodies),
    ),
)


def judge_problems(caller: Caller) -> list[Finding]:
    """Provoke refusals of every operation; one finding per violation, or one for a pass."""
    found: dict[str, Finding] = {}
    seen = 0
    for operation in caller.operations.values():
        for refusal in _provoked(caller, operation):
            answer = caller.call(operation, operation.made_up_path, **refusal.asks)
            if _declares_problem(operation, answer):
                seen += 1
                if complaint := _complaint(answer):
                    observed, shared = _in_words(answer, refusal), _shared_cause(operation, answer)
                    offence = broken(operation.label, REFUSALS_WORDED, complaint, observed, shared=shared)
                    found.setdefault(offence.id, offence)
    found.update(_without_allow(caller))
    if found:
        return list(found.values())
    if not seen:
        summary = f"no refusal that the spec declares as {PROBLEM} was seen"
        return [REFUSALS_WORDED.finding(Outcome.NOT_APPLICABLE, "", summary=summary, case="")]
    summary = f"{REFUSALS_WORDED.passed}: {seen} problem documents"
    return [REFUSALS_WORDED.finding(Outcome.PASS, "", summary=summary, case="")]


def _provoked(caller: Caller, operation: Operation) -> list[Refusal]:
    """Return the refusals to provoke; those of credentials are left out where a vendor may lock the account."""
    wanted = [refusal for refusal in REFUSALS if refusal.wanted(operation)]
    return [r for r in wanted if r.asks.get("authenticated", True) or not caller.spares_credentials]


def _planned(caller: Caller) -> Iterator[Planned]:
    for operation in caller.operations.values():
        yield Planned(operation.label, len(_provoked(caller, operation)))
    yield from (Planned(operation.label, 1) for operation in _unoffered(caller))


def _declares_problem(operation: Operation, answer: Sample) -> bool:
    response = operation.response_to(answer.response.status_code)
    return answer.response.status_code >= 400 and PROBLEM in (response.get("content") or {})


def _complaint(answer: Sample) -> str:
    status = answer.response.status_code
    kind = media_type(answer.response.headers.get("content-type", ""))
    if kind != PROBLEM:
        return f"{status} is declared as {PROBLEM} and comes as {kind or 'nothing'}"
    document = answer.document
    if not isinstance(document, dict):
        return f"the problem of its {status} is no JSON object"
    if document.get("status", status) != status:
        return f"the problem of its {status} says another status"
    odd = [name for name in ("type", "title", "detail", "instance") if not isinstance(document.get(name, ""), str)]
    return f"the problem of its {status} has a {odd[0]} that is no text" if odd else ""


def _shared_cause(operation: Operation, answer: Sample) -> str:
    """Return the cause that other checks of the content type give; empty for what only this one looks at."""
    if operation.describes_type(answer.response):
        return ""
    kinds = list(operation.response_to(answer.response.status_code).get("content") or {})
    return content_type_cause(answer.response.headers.get("content-type", ""), kinds)


def _unoffered(caller: Caller) -> Iterator[Operation]:
    """Yield a method for each path that it does not offer, where a call of it is allowed."""
    offered: dict[str, set[str]] = {}
    for operation in caller.spec.operations:
        offered.setdefault(operation.path, set()).add(operation.method)
    for path in dict.fromkeys(operation.path for operation in caller.operations.values()):
        # A proxy would refuse TRACE, and an undescribed DELETE may do harm.
        other = next((m for m in ("PATCH", "PUT", "POST") if m.lower() in METHODS and m not in offered[path]), None)
        if other is not None:
            unoffered = Operation(caller.spec, other, path, "/")
            if caller.permits(other, unoffered.made_up_path):
                yield unoffered


def _without_allow(caller: Caller) -> dict[str, Finding]:
    """Call each path with a method that it does not offer: a 405 must list the others (RFC 9110 section 15.5.6)."""
    found = {}
    for unoffered in _unoffered(caller):
        answer = caller.call(unoffered, unoffered.made_up_path)
        if answer.response.status_code == 405 and "allow" not in answer.response.headers:
            offence = broken(
                unoffered.path,
                REFUSALS_WORDED,
                "405 without Allow",
                f"{unoffered.label} answered 405",
                expected="405 with the header Allow",
                source="RFC 9110 section 15.5.6",
                shared=WITHOUT_ALLOW.of(),
                fix="Send the header Allow with every 405, and list in it the methods that the path offers.",
            )
            found[offence.id] = offence
    return found


def _in_words(answer: Sample, refusal: Refusal) -> str:
    kind = answer.response.headers.get("content-type", "")
    return f"{answer.operation.method} {answer.path} with {refusal.id}: {kind} {cut(answer.response.text, 200)}"
