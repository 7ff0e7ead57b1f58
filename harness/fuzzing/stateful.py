"""Chains of linked operations: values of one response are used in the next request, along the document's links."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from schemathesis import Response

from harness.fuzzing.budget import Budget, Share
from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.defects import ITEM, Defect, StoredRequest
from harness.fuzzing.fuzz_findings import FuzzSubject, findings_of
from harness.fuzzing.reproduction import replay
from harness.fuzzing.session import FuzzSession
from harness.http.provider_client import ProviderClient, json_of
from harness.model import Check, Finding, FixedBy, Outcome
from harness.openapi.generation import Stop, Ungenerable, Unlinked, give_up_chain, linked, run_chains
from harness.openapi.spec_document import Spec

STEPS = 6
"""The longest chain."""
OF_CHAINS = ("use_after_free", "ensure_resource_availability")
"""Checks that judge an answer by the steps before it."""
ROUNDS = 8
"""Seeds that are tried for one share of the chains."""
CHAINS = Check(
    id="chains",
    item=ITEM,
    fixed_by=FixedBy.PROVIDER,
    summary="chains of linked operations",
    passed="Answered chains of linked requests as the spec describes",
    failed="Answered a chain of linked requests in a way that breaks the spec",
    expected="answers as the spec describes them, also to what earlier answers held",
    source="the spec's links; Schemathesis' checks",
    fix="Send the requests that are shown again, and correct the provider or the spec, whichever is wrong.",
)
UNLINKED = "no `links` between the operations that are fuzzed, and none can be inferred"


def run_stateful(
    spec: Spec,
    labels: Collection[str],
    *,
    client: ProviderClient,
    budget: Budget,
    random_seed: int,
    store: DefectStore,
    share: Share,
) -> list[Finding]:
    """Walk the links between the operations ``labels``; return a finding for each distinct defect, or one for all.

    Of the chains of the budget only those of ``share`` are walked, from seeds that no other share has.
    """
    subject = _subject(share)
    portion, seed = share.portion(budget), random_seed + ROUNDS * (share.number - 1)
    session = FuzzSession(spec, client, portion)
    try:
        walker = _walker(linked(spec.load(), frozenset(labels)), session)
        ended = _walk(walker, session, chains=portion.chains, seed=seed)
    except Unlinked:
        return [subject.finding(Outcome.NOT_APPLICABLE, "the spec links no operations", UNLINKED)]
    except Ungenerable as exc:
        return [subject.error("the links of the spec cannot be followed", str(exc))]
    session.settle()
    for defect in session.shown:
        store.keep(_shorter(defect, spec, client))
    return list(findings_of(session, subject, store, f"seed {random_seed}{ended}"))


def _subject(share: Share) -> FuzzSubject:
    return FuzzSubject(
        check=CHAINS,
        title=share.title,
        case="links",
        requests="requests in chains",
        nothing="no chain could be walked",
        unheard="the provider did not answer while chains were walked",
    )


def _walk(walker: Any, session: FuzzSession, *, chains: int, seed: int) -> str:
    """Walk ``chains`` chains; return the reason if some could not be walked, else empty.

    Where a run ends early, as it may on a provider that remembers, another seed goes on.
    """
    ended = ""
    for attempt in range(ROUNDS):
        left = chains - walker.walked
        if left <= 0:
            return ""
        try:
            ended = run_chains(walker, chains=left, steps=STEPS, seed=seed + attempt)
        except Stop:
            return session.not_sent
        if not ended:
            return ""
    return f"; after {walker.walked} chains: {ended}"


def _walker(machine: Any, session: FuzzSession) -> Any:
    """Return Schemathesis' state machine with our client, and with defects noted instead of raised."""

    class Walker(machine):  # type: ignore[misc]  # made at run time from the document
        walked = 0

        def setup(self) -> None:
            type(self).walked += 1
            self.steps: list[StoredRequest] = []
            self.documents: list[Any] = []
            self.answer: Any = None

        def call(self, case: Any, **_kwargs: Any) -> Response:
            self.answer = session.send(case)
            if self.answer is None:
                give_up_chain()  # HTTP cannot carry it
            self.steps.append(session.request(self.answer))
            if self.answer.response is None:
                session.judge(self.answer, case, self.steps)
                give_up_chain()
            self.documents.append(json_of(self.answer.response))
            return Response.from_any(self.answer.response)

        def validate_response(self, _response: Response, case: Any, *_args: Any, **_kwargs: Any) -> None:
            session.judge(self.answer, case, self.steps, self.recorder, self.documents)

    return Walker


def _shorter(defect: Defect, spec: Spec, client: ProviderClient) -> Defect:
    """Leave out each earlier step that the defect does not need."""
    for number in reversed(range(len(defect.steps) - 1)):
        fewer = tuple(step for n, step in enumerate(defect.steps) if n != number)
        bound = tuple((t, n - (n > number), p) for t, n, p in defect.bindings if n != number)
        without = msgspec.structs.replace(defect, steps=fewer, bindings=bound)
        if not _belongs(defect, number) and replay(without, spec, client).occurs:
            defect = without
    return defect


def _belongs(defect: Defect, number: int) -> bool:
    """Whether a step is part of what is wrong: what was done to a thing before it was read again."""
    last = defect.steps[-1].path
    made_it = any(n == number and text in last for text, n, _ in defect.bindings)
    return defect.check in OF_CHAINS and (made_it or last.startswith(defect.steps[number].path))
