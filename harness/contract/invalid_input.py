"""Valid calls with one value that the document forbids: whatever is right about the rest, they are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.contract.accepted_calls import ADDS, AcceptedCalls, cause_of, crash_cause_of, undo
from harness.contract.caller import Caller, CallOptions, broken
from harness.contract.link_crawler import LinkCrawler
from harness.contract.promise import Planned, Promise, not_called
from harness.contract.sample import Sample
from harness.core.cutting import cut
from harness.core.names import first_of
from harness.errors import ProbeError
from harness.http.provider_client import SendResult
from harness.model import Finding, FixedBy, Outcome
from harness.openapi.invalid_bodies import invalid_bodies
from harness.openapi.invalid_parameters import invalid_parameters
from harness.openapi.operation import Operation
from harness.openapi.parameters import name_of

MOST_BY_OPERATION = 50
"""Invalid calls of one operation."""
MOST = 800
"""Invalid calls of one run."""
MOST_CAUSES = 3
"""Kinds of invalid input that one operation accepts, after which it is taken to validate nothing."""
MOST_SHOWN = 5
"""Values of one kind that a finding shows."""
INPUT_REFUSED = Promise(
    id="invalid-input",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="valid calls with one value that the spec forbids",
    passed="Refused valid calls with one value that the spec forbids",
    failed="Accepted a call with a value that the spec forbids",
    expected="4xx: each value has the type and stays within the limits that the spec names, at real resources too",
    source="JSON Schema 2020-12, Validation; RFC 9110 section 15.5.21",
    fix="Validate the whole request against the spec before it takes effect, without converting types.",
    judge=lambda caller, walk: judge_invalid_input(caller, walk()),
    planned=lambda caller: _planned(caller),  # noqa: PLW0108 - defined below
)
_TRIED = ADDS | {"GET", "HEAD"}
_VALIDATES_NOTHING = "accepts input that the spec forbids"


class InvalidCall(NamedTuple):
    """One call that the document forbids."""

    change: str
    where: str
    """What is sent, for the report: ``/age as "17"``."""
    body: Any
    query: dict[str, str]
    headers: dict[str, str]
    content: bytes | None = None
    """Sent in place of the JSON of ``body``."""
    place: str = "body"
    """The part of the call that is invalid and can be left out, such as ``query limit``; empty for another part."""


def judge_invalid_input(caller: Caller, walk: LinkCrawler) -> list[Finding]:
    """Change accepted calls in one place each; one finding for each kind of input that an operation accepts."""
    wanted = list(_wanted(caller))
    if not wanted:
        return [
            INPUT_REFUSED.finding(Outcome.NOT_APPLICABLE, "the spec describes no body, and no parameter below a path")
        ]
    calls = AcceptedCalls(caller, walk.samples)
    found: list[Finding] = []
    made, left_out = 0, 0
    for operation in wanted:
        sample = calls.of(operation) if made < MOST else None
        if sample is None:
            left_out += operation.label not in calls.refused
            continue
        tried = OperationTrial(caller, sample)
        try:
            tried.run()
        except ProbeError as exc:
            found.append(INPUT_REFUSED.finding(Outcome.ERROR, str(exc), case=operation.label))
        made += tried.made
        found += tried.findings()
    rest = not_called(calls.refused) + (f"; {left_out} operations left out after {MOST} calls" if left_out else "")
    if found:
        return found
    outcome = Outcome.PASS if made or not calls.refused else Outcome.ERROR
    return [INPUT_REFUSED.finding(outcome, f"{made} invalid calls of {len(wanted)} operations{rest}", case="")]


def _wanted(caller: Caller) -> Iterator[Operation]:
    """Yield the operations with a JSON body, or with a parameter that only a call of a real resource reaches."""
    for operation in caller.operations.values():
        has_body = bool(operation.body_place) and operation.method in ADDS
        if has_body or ("{" in operation.path and operation.method in _TRIED and _has_parameters(operation)):
            yield operation


def _has_parameters(operation: Operation) -> bool:
    return any(p.get("in") in ("query", "header") for p in operation.parameters)


def _planned(caller: Caller) -> Iterator[Planned]:
    return (Planned(operation.label, 2 * MOST_BY_OPERATION + 5) for operation in _wanted(caller))


class OperationTrial:
    """The invalid calls of one operation."""

    def __init__(self, caller: Caller, sample: Sample) -> None:
        """``sample`` is a call that was accepted."""
        self._caller, self._sample = caller, sample
        self._causes: dict[tuple[str, str], list[str]] = {}
        """By what is wrong and the cause of a crash, where."""
        self.made = 0
        """Invalid calls that were sent."""

    def run(self) -> None:
        """Send the invalid calls, until the operation is known to validate nothing."""
        for call in invalid_calls(self._caller, self._sample)[:MOST_BY_OPERATION]:
            if self._validates_nothing:
                return
            self.made += 1
            result = self._send(call)
            undo(self._caller, self._sample, result)
            if cause := cause_of(result, f"accepts {call.change}", "an invalid value"):
                crash = crash_cause_of(result, self._sample.operation, call.place)
                self._causes.setdefault((cause, crash), []).append(call.where)

    @property
    def _validates_nothing(self) -> bool:
        return len({cause for cause, _ in self._causes}) > MOST_CAUSES

    def _send(self, call: InvalidCall) -> SendResult:
        operation, path, options = self._sample.operation, self._sample.path, CallOptions(headers=call.headers)
        if call.query:
            options["params"] = call.query
        if call.content is not None:
            options |= {"content": call.content, "headers": {**call.headers, "content-type": "application/json"}}
        return self._caller.send(operation, path, call.body, **options)

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each kind of input that was accepted, or one where that is nearly all."""
        label = self._sample.operation.label
        if self._validates_nothing:
            shown = "; ".join(f"{cause}: {where[0]}" for (cause, _), where in self._causes.items())
            yield broken(label, INPUT_REFUSED, _VALIDATES_NOTHING, shown)
            return
        for (cause, crash), where in self._causes.items():
            observed = f"{self._sample.path} with {first_of(where, MOST_SHOWN)}"
            yield broken(label, INPUT_REFUSED, cause, observed, shared=crash)


def invalid_calls(caller: Caller, sample: Sample) -> list[InvalidCall]:
    """Return the calls that one change makes invalid, the likeliest mistakes first."""
    operation, body = sample.operation, sample.body
    of_body = [
        InvalidCall(each.change, _shown(each.pointer, each.value), each.body, {}, {}, _content(each.body))
        for each in invalid_bodies(caller.spec, operation, body, _answered(sample))
    ]
    if operation.body_place and operation.is_body_required:
        of_body.insert(MOST_BY_OPERATION // 2, InvalidCall("a call without its body", "no body", None, {}, {}, b""))
    if "{" not in operation.path:
        return of_body  # the parameters of these are reached by generated requests
    parameters = []
    optional = {name_of(p) for p in operation.parameters if p.get("required") is not True}
    for each in invalid_parameters(caller.spec, operation):
        where = f"the {each.place} {each.name} as {each.text!r}"
        place = f"{each.place} {each.name}"
        query, headers = ({each.name: each.text}, {}) if each.place == "query" else ({}, {each.name: each.text})
        parameters.append(
            InvalidCall(each.change, where, body, query, headers, place=place if place in optional else "")
        )
    return [*parameters[: MOST_BY_OPERATION // 4], *of_body, *parameters[MOST_BY_OPERATION // 4 :]]


def _content(body: Any) -> bytes | None:
    return b"null" if body is None else None  # JSON for which no body would be sent


def _answered(sample: Sample) -> dict[str, Any]:
    """Return the members of an answer, of which a request may not hold all."""
    return sample.document if isinstance(sample.document, dict) else {}


def _shown(pointer: str, value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"{pointer or 'the body'} as {cut(text, 60)}"
