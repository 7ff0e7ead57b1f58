"""Fuzzing of one operation: what was found before, its examples, its limits, and random requests, in this order."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from harness.errors import SpecError
from harness.fuzzing.budget import Budget
from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.defects import ITEM, Defect
from harness.fuzzing.reproduction import replay
from harness.fuzzing.session import FuzzSession
from harness.http.provider_client import ProviderClient
from harness.model import Check, Finding, Outcome
from harness.openapi import generation
from harness.openapi.document_flaws import flaws, unfollowed
from harness.openapi.generation import MODES, Stop, Ungenerable
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

FURNISHED = 3
"""Valid requests sent to fill a list before it is read."""


def fuzz(
    label: str,
    spec: Spec,
    *,
    client: ProviderClient,
    budget: Budget,
    random_seed: int,
    found: DefectStore,
    allowed: Container[str],
) -> list[Finding]:
    """Send generated requests to one operation; return a finding for each distinct defect, or one that there is none.

    ``random_seed`` repeats the requests exactly; ``allowed`` are the operations that may be called at all. An
    operation whose description cannot be used is an error.
    """
    try:
        operation = spec.operation(label)
    except SpecError as exc:
        return [_error(label, "its description cannot be read", str(exc))]
    session = FuzzSession(spec, client, budget)
    problems = [*flaws(spec, label), *unfollowed(operation)]
    seed = random_seed ^ zlib.crc32(label.encode())  # operations that look alike do not get the same requests
    try:
        gone = list(try_again(label, session, found))
        if label.startswith("GET ") and (creating := f"POST {operation.raw.path}") in allowed:
            _furnish(session, creating, seed)
        problems += _each_phase(operation, session, budget, seed)
    except Stop:
        gone = []
    settle(session, found, gone)
    return [*_findings(label, session, random_seed), *(_error(label, "its description is flawed", p) for p in problems)]


def try_again(label: str, session: FuzzSession, found: DefectStore) -> Iterator[Defect]:
    """Try first what was found before; yield what no longer occurs."""
    for defect in found.of([label]):
        outcome = replay(defect, session.spec, session.client)
        if outcome.occurs:
            session.note([defect])
        elif outcome.occurs is False:
            yield defect


def settle(session: FuzzSession, found: DefectStore, gone: Iterable[Defect]) -> None:
    """Keep what was found, and forget what is gone."""
    for defect in gone:
        if defect.id not in session.defects:
            found.drop(defect)
    for defect in session.defects.values() if session.answered else ():
        found.keep(defect)


def _furnish(session: FuzzSession, creating: str, seed: int) -> None:
    """Create something for a list to hold: of an empty list nothing can be told."""

    def create(case: Any) -> None:
        answer = session.send(case)
        if answer is not None and answer.response is None:
            raise _Enough  # the next would cost the time of this operation too

    with suppress(SpecError, Ungenerable, _Enough):
        operation = session.spec.operation(creating)
        generation.at_random(operation.raw, generation.VALID, create, examples=FURNISHED, seed=seed)


def _each_phase(operation: Operation, session: FuzzSession, budget: Budget, seed: int) -> list[str]:
    """Run every phase that the description allows; return why others were not."""
    phases: list[Callable[[], object]] = [
        partial(_all_of, generation.from_examples(operation.raw), session),
        partial(_all_of, generation.systematic(operation.raw), session),
        *(partial(_random, operation, mode, session, budget, seed) for mode in MODES),
    ]
    said = set()
    for phase in phases:
        try:
            phase()
        except Ungenerable as exc:
            said.add(f"not everything can be tried: {exc}")
    return sorted(said)


def _all_of(cases: Iterator[Any], session: FuzzSession) -> None:
    for case in cases:
        session.attempt(case)


def _random(operation: Operation, mode: Any, session: FuzzSession, budget: Budget, seed: int) -> None:
    """Send random requests, then make those smaller that showed something no other request had shown."""
    known = set(session.defects)
    generation.at_random(operation.raw, mode, session.attempt, examples=budget.examples, seed=seed)
    for defect_id in sorted(set(session.defects) - known):
        left = iter(range(budget.shrinks))

        def still(case: Any, wanted: str = defect_id, left: Iterator[int] = left) -> bool:
            if next(left, None) is None:
                raise _Enough
            return any(defect.id == wanted for defect in session.attempt(case))

        try:
            generation.smaller(operation.raw, mode, still, examples=budget.examples, seed=seed)
        except _Enough:
            continue


GENERATED = Check(
    id="generated",
    item=ITEM,
    summary="generated requests to each operation, valid and invalid",
    expected="answers as the spec describes them",
    source="the spec; Schemathesis' checks",
    fix="Send the request that is shown again, and correct the provider or the spec, whichever is wrong.",
)


class _Enough(BaseException):
    """What was wanted of these requests needs no more of them; Hypothesis lets it pass."""


def _findings(label: str, session: FuzzSession, random_seed: int) -> Iterator[Finding]:
    if session.unheard:
        yield _error(label, "the provider did not answer while it was fuzzed", session.unheard)
    if session.answered:  # else silence is no defect of one operation
        by_name = sorted(session.defects.values(), key=lambda d: (d.check, d.cause))
        yield from (finding_of(defect, session.client) for defect in by_name)
    if session.defects or session.unheard:
        return
    unasked = f"{label}: no generated request could be sent"
    told = f"seed {random_seed}" + ("; the time of the budget ran out" if session.out_of_time else "")
    summary = f"{label}: {session.answered} generated requests, no violation" if session.answered else unasked
    yield GENERATED.finding(Outcome.PASS if session.answered else Outcome.ERROR, told, summary=summary, case=label)


def finding_of(defect: Defect, client: ProviderClient) -> Finding:
    """Return the finding that a person acts on."""
    before = "".join(f"before: {step.curl(client.base_url)}\n" for step in defect.steps[:-1])
    return Finding(
        id=defect.id,
        item=ITEM,
        outcome=Outcome.FAIL,
        summary=f"{defect.operation}: {defect.title} ({defect.id})",
        expected=f"{defect.excerpt.pointer} says {defect.excerpt.text}",
        observed=f"{defect.answer}\n{before}request: {defect.steps[-1].curl(client.base_url)}\n{defect.message}",
        reproduce=f"harness fuzz --replay {defect.id}",
        source=f"the spec at {defect.excerpt.pointer}; check {defect.check}",
        case=defect.operation,
    )


def untried(label: str, reason: str) -> Finding:
    """Return the finding of an operation that was not tried."""
    return _error(label, "the provider seems to be gone, so nothing was sent", reason)


def unkept(label: str, reason: str) -> Finding:
    """Return the finding of an operation whose defects could not be read or kept."""
    return _error(label, "what was found is not kept", reason)


def _error(label: str, summary: str, observed: str) -> Finding:
    return Finding(
        item=ITEM,
        outcome=Outcome.ERROR,
        summary=f"{label}: {summary}",
        expected="a description that requests can be made from, and a provider that answers them",
        observed=observed,
        source="the spec",
        case=label,
    )
