"""Refusals as the provider words them: problem documents where they are declared, and what must go with a status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from harness.contract.caller import Caller, Sample, broken
from harness.contract.promise import Promise
from harness.http.message import media_type
from harness.model import Finding, FixedBy, Outcome
from harness.openapi.operation import METHODS, Operation

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
        wanted=lambda o: "requestBody" in o.definition,
    ),
)


def judge_problems(caller: Caller) -> list[Finding]:
    """Provoke refusals of every operation; one finding per violation, or one for a pass."""
    found: dict[str, Finding] = {}
    seen = 0
    for operation in caller.operations.values():
        for refusal in REFUSALS:
            if not refusal.wanted(operation) or _spared(caller, refusal):
                continue
            answer = caller.call(operation, operation.made_up_path, **refusal.asks)
            if _declares_problem(caller, operation, answer):
                seen += 1
                if complaint := _complaint(answer):
                    offence = broken(operation.label, REFUSALS_WORDED, complaint, _in_words(answer, refusal))
                    found.setdefault(offence.id, offence)
    found.update(_without_allow(caller))
    if found:
        return list(found.values())
    if not seen:
        summary = f"no refusal that the spec declares as {PROBLEM} was seen"
        return [REFUSALS_WORDED.finding(Outcome.NOT_APPLICABLE, "", summary=summary, case="")]
    summary = f"{REFUSALS_WORDED.passed}: {seen} problem documents"
    return [REFUSALS_WORDED.finding(Outcome.PASS, "", summary=summary, case="")]


def _spared(caller: Caller, refusal: Refusal) -> bool:
    """Whether a refusal is not provoked, because vendors lock accounts."""
    return caller.spares_credentials and refusal.asks.get("authenticated") is False


def _declares_problem(caller: Caller, operation: Operation, answer: Sample) -> bool:
    response = caller.documented(operation, answer.response.status_code)
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


def _without_allow(caller: Caller) -> dict[str, Finding]:
    """Call each path with a method that it does not offer: a 405 must list the others (RFC 9110 section 15.5.6)."""
    found = {}
    offered: dict[str, set[str]] = {}
    for operation in caller.spec.operations:
        offered.setdefault(operation.path, set()).add(operation.method)
    for path in dict.fromkeys(operation.path for operation in caller.operations.values()):
        # A proxy would refuse TRACE, and an undescribed DELETE may do harm.
        other = next((m for m in ("PATCH", "PUT", "POST") if m.lower() in METHODS and m not in offered[path]), None)
        if other is None:
            continue
        unoffered = Operation(caller.spec, other, path, "/")
        if not caller.permits(other, unoffered.made_up_path):
            continue
        answer = caller.call(unoffered, unoffered.made_up_path)
        if answer.response.status_code == 405 and "allow" not in answer.response.headers:
            offence = broken(
                path,
                REFUSALS_WORDED,
                "405 without Allow",
                f"{other} {path} answered 405",
                expected="405 with the header Allow",
                source="RFC 9110 section 15.5.6",
            )
            found[offence.id] = offence
    return found


def _in_words(answer: Sample, refusal: Refusal) -> str:
    kind = answer.response.headers.get("content-type", "")
    return f"{answer.operation.method} {answer.path} with {refusal.id}: {kind} {answer.response.text[:200]}"
