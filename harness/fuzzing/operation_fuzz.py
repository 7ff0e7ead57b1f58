"""Fuzzing of one operation: what was found before, its examples, its limits, and random requests, in this order."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from harness.core.cutting import cut
from harness.core.encodable import encodable
from harness.errors import HarnessError, SpecError, one_line
from harness.fuzzing.budget import Budget
from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.defects import ITEM, Defect
from harness.fuzzing.fuzz_findings import FuzzSubject, findings_of
from harness.fuzzing.reproduction import replay
from harness.fuzzing.session import FuzzSession
from harness.fuzzing.unserved import CONFIRMED_BY, Router, UnservedWatch
from harness.http.provider_client import ProviderClient
from harness.model import Check, Finding, FixedBy
from harness.openapi import generation
from harness.openapi.document_flaws import flaws, unfollowed
from harness.openapi.generation import MODES, GenerationFailed, Stop, Ungenerable
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

FLAWED = "its description is flawed"
UNREAD = "its description cannot be read whole"
FAILED = "a request could not be made or judged, by a fault of the harness or of a library"
LOOKED_AT = 4
"""Times as many cases as may be sent that are made, to choose from."""
FURNISHED = 3
"""Valid requests sent to fill a list before it is read."""
GENERATED = Check(
    id="generated",
    item=ITEM,
    fixed_by=FixedBy.PROVIDER,
    summary="generated requests to each operation, valid and invalid",
    passed="Answered generated requests as the spec describes",
    failed="Answered a generated request in a way that breaks the spec",
    expected="answers as the spec describes them",
    source="the spec; Schemathesis' checks",
    fix="Send the shown request again, and correct the provider or the spec, whichever is wrong.",
)


def fuzz(
    label: str,
    spec: Spec,
    *,
    client: ProviderClient,
    budget: Budget,
    random_seed: int,
    store: DefectStore,
    allowed: Container[str],
    router: Router,
) -> list[Finding]:
    """Send generated requests to one operation; return a finding for each distinct defect, or one that there is none.

    ``random_seed`` repeats the requests exactly; ``allowed`` are the operations that may be called at all. An
    operation whose description cannot be used is an error. One that the server does not have, by what ``router``
    answers, gets a handful of requests.
    """
    subject = FuzzSubject(check=GENERATED, title=label, case=label)
    try:
        operation = spec.operation(label)
    except SpecError as exc:
        return [subject.error("its description cannot be read", str(exc))]
    session = FuzzSession(spec, client, budget)
    session.watch = UnservedWatch(operation, router)
    problems = dict.fromkeys(flaws(spec, label), FLAWED) | dict.fromkeys(unfollowed(operation), UNREAD)
    seed = random_seed ^ zlib.crc32(
        encodable(label).encode()
    )  # operations that look alike do not get the same requests
    gone: list[Defect] = []
    try:
        gone = _try_again(label, session, store)
        if label.startswith("GET ") and (creating := f"POST {operation.path}") in allowed:
            _furnish(session, creating, seed)
        _each_phase(operation, session, budget, seed, problems)
    except Stop:
        gone = []
    _store(session, store, [*gone, *session.settle()])
    observed = f"seed {random_seed}{session.not_sent}"
    errors = (subject.error(summary, problem) for problem, summary in problems.items())
    return [*findings_of(session, subject, store, observed), *errors]


def _try_again(label: str, session: FuzzSession, store: DefectStore) -> list[Defect]:
    """Try first what was found before; return what no longer occurs, or has another id by now."""
    gone = []
    for defect in store.of([label]):
        outcome = replay(defect, session.spec, session.client)
        now = outcome.defect or defect
        if outcome.occurs:
            session.note([now])
        if outcome.occurs is False or now.id != defect.id:
            gone.append(defect)
    return gone


def _store(session: FuzzSession, store: DefectStore, gone: Iterable[Defect]) -> None:
    """Store what was found, and drop what is gone."""
    for defect in gone:
        if defect.id not in session.defects:
            store.drop(defect)
    for defect in session.shown:
        store.keep(defect)


def _furnish(session: FuzzSession, creating: str, seed: int) -> None:
    """Create an entry for a list: an empty list proves nothing."""

    def create(case: Any) -> None:
        answer = session.send(case)
        if answer is not None and answer.response is None:
            raise _Enough  # the next would cost the time of this operation too

    with suppress(SpecError, Ungenerable, _Enough):
        operation = session.spec.operation(creating)
        generation.at_random(operation.raw, generation.VALID, create, examples=FURNISHED, seed=seed)


def _each_phase(
    operation: Operation, session: FuzzSession, budget: Budget, seed: int, problems: dict[str, str]
) -> None:
    """Run every phase that the description allows; add to ``problems`` why others were not, with its summary.

    What fails in the harness or in a library for one request is added too, and costs no other request.
    """

    def attempt(case: Any) -> None:
        try:
            _attempt(operation, session, seed, case)
        except (HarnessError, Ungenerable):
            raise
        except Exception as exc:  # noqa: BLE001 - whatever a library cannot write or judge
            problems.setdefault(f"{type(exc).__name__}: {cut(one_line(exc), 400)}", FAILED)

    drawn = len(MODES) * budget.examples
    examples = _spread(generation.from_examples(operation.raw), drawn, "examples", session)
    rest = max(1, budget.requests - 2 * drawn)
    limits = _spread(generation.systematic(operation.raw), rest, "limits", session)
    phases: list[Callable[[], object]] = [
        partial(_all_of, examples, attempt),
        partial(_all_of, limits, attempt),
        *(partial(_random, operation, mode, session, budget, seed, attempt) for mode in MODES),
    ]
    for phase in phases:
        try:
            phase()
        except GenerationFailed as exc:
            problems.setdefault(str(exc), FAILED)
        except Ungenerable as exc:
            problems.setdefault(f"not everything can be tried: {exc}", FLAWED)


def _all_of(cases: Iterator[Any], attempt: Callable[[Any], object]) -> None:
    for case in cases:
        attempt(case)


def _spread(cases: Iterator[Any], most: int, name: str, session: FuzzSession) -> Iterator[Any]:
    """Yield ``most`` cases at most, evenly from the first `LOOKED_AT` times as many: to make all takes the longest."""
    found: list[Any] = []
    trouble: Ungenerable | None = None
    try:
        found += islice(cases, LOOKED_AT * most)
    except Ungenerable as exc:
        trouble = exc
    number = len(found)
    if number > most:
        of = f"{number} or more" if number == LOOKED_AT * most else f"{number}"
        session.left_out.append(f"{most} of {of} requests for the spec's {name} were sent; a higher budget sends more")
        found = [found[index * number // most] for index in range(most)]
    yield from found
    if trouble is not None:
        raise trouble


def _attempt(operation: Operation, session: FuzzSession, seed: int, case: Any) -> None:
    """Send one case; raises `Stop` where the server turns out not to have the operation.

    A first answer that leaves that open is followed at once by valid and invalid requests.
    """
    session.attempt(case)
    if session.watch is None or not session.watch.asks_to_confirm():
        return
    for mode in MODES:
        with suppress(Ungenerable):
            generation.at_random(operation.raw, mode, session.attempt, examples=CONFIRMED_BY, seed=seed)
    if session.watch.judge(broken=bool(session.shown)):
        raise Stop


def _random(
    operation: Operation,
    mode: Any,
    session: FuzzSession,
    budget: Budget,
    seed: int,
    attempt: Callable[[Any], object],
) -> None:
    """Send random requests, then make those smaller that showed something no other request had shown."""
    known = set(session.defects)
    generation.at_random(operation.raw, mode, attempt, examples=budget.examples, seed=seed)
    together = iter(range(max(budget.requests, budget.shrinks) - session.places.sent))
    for defect_id in sorted(set(session.defects) - known):
        left = islice(together, budget.shrinks)

        def still(case: Any, wanted: str = defect_id, left: Iterator[int] = left) -> bool:
            if next(left, None) is None:
                raise _Enough
            return any(defect.id == wanted for defect in session.attempt(case))

        try:
            generation.smaller(operation.raw, mode, still, examples=budget.examples, seed=seed)
        except _Enough:
            continue


class _Enough(BaseException):
    """What was wanted of these requests needs no more of them; Hypothesis lets it pass."""
