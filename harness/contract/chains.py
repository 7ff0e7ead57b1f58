"""Chains of linked operations: what one answer holds is used in the next request, as the document's links say."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

import hypothesis
import msgspec
from hypothesis.errors import HypothesisException
from schemathesis import Response
from schemathesis.errors import NoLinksFound, SchemathesisError

from harness.contract.defects import ITEM, Defect, Request
from harness.contract.found import Found
from harness.contract.fuzz import finding_of
from harness.contract.generation import VALID, Stop, settings_for
from harness.contract.replay import document_of, replay
from harness.contract.sending import Sender
from harness.contract.spec import Spec
from harness.contract.trial import Budget, Trial
from harness.model import Finding, Outcome

STEPS = 6
"""The longest chain."""
OF_CHAINS = ("use_after_free", "ensure_resource_availability")
"""Checks that judge an answer by the steps before it."""
ROUNDS = 8
"""Seeds that are tried for one budget of chains."""


def walk(
    spec: Spec, labels: Collection[str], *, sender: Sender, budget: Budget, random_seed: int, found: Found
) -> list[Finding]:
    """Walk the links between the operations ``labels``; return a finding for each distinct defect, or one for all."""
    wanted = frozenset(labels)
    trial, observed = Trial(spec, sender, budget), f"seed {random_seed}"
    schema = spec.load()
    # A link may put something valid in place of what was made invalid; each operation is sent invalid requests alone.
    schema.config.generation.update(modes=[VALID])
    try:
        machine = schema.include(lambda context: context.operation.label in wanted).as_state_machine()
        with suppress(Stop):
            observed = _walk(_walker(machine, trial), budget, random_seed) or observed
    except NoLinksFound:
        return [
            _finding(Outcome.NOT_APPLICABLE, "the spec links no operations", "no `links`, and none can be inferred")
        ]
    except SchemathesisError as exc:
        return [_finding(Outcome.ERROR, "the links of the spec cannot be followed", " ".join(str(exc).split())[:400])]
    for defect in trial.defects.values():
        found.keep(_shorter(defect, spec, sender))
    if trial.defects:
        return [finding_of(found.get(d.id) or d, sender) for d in trial.defects.values()]
    if not trial.answered:
        return [_finding(Outcome.ERROR, "no chain could be walked", trial.unreachable or observed)]
    return [_finding(Outcome.PASS, f"{trial.answered} requests in chains, no violation", observed)]


def _walk(walker: Any, budget: Budget, random_seed: int) -> str:
    """Walk as many chains as the budget has; return what kept Hypothesis from it, empty when nothing did.

    Hypothesis ends its run when the same choices lead elsewhere the second time, as they do on a provider that
    remembers; then another seed goes on.
    """
    said = ""
    for attempt in range(ROUNDS):
        left = budget.chains - walker.walked
        if left <= 0:
            return ""
        settings = hypothesis.settings(settings_for(left, hypothesis.Phase.generate), stateful_step_count=STEPS)
        try:
            hypothesis.seed(random_seed + attempt)(walker).run(settings=settings)
        except HypothesisException as exc:
            said = " ".join(str(exc).split())[:200]
        else:
            return ""
    return f"after {walker.walked} chains: {said}"


def _walker(machine: Any, trial: Trial) -> Any:
    """Return Schemathesis' state machine with our client, and with defects noted instead of raised."""

    class Walker(machine):  # type: ignore[misc]  # made at run time from the document
        walked = 0

        def setup(self) -> None:
            type(self).walked += 1
            self.steps: list[Request] = []
            self.documents: list[Any] = []
            self.answer: Any = None

        def call(self, case: Any, **_kwargs: Any) -> Response:
            self.answer = trial.send(case)
            if self.answer is None:
                hypothesis.reject()  # HTTP cannot carry it
            self.steps.append(trial.request(self.answer))
            if self.answer.response is None:
                trial.judge(self.answer, case, self.steps)
                hypothesis.reject()
            self.documents.append(document_of(self.answer.response))
            return Response.from_any(self.answer.response)

        def validate_response(self, _response: Response, case: Any, *_args: Any, **_kwargs: Any) -> None:
            trial.judge(self.answer, case, self.steps, self.recorder, self.documents)

    return Walker


def _shorter(defect: Defect, spec: Spec, sender: Sender) -> Defect:
    """Leave out each earlier step that the defect does not need."""
    for number in reversed(range(len(defect.steps) - 1)):
        fewer = tuple(step for n, step in enumerate(defect.steps) if n != number)
        bound = tuple((t, n - (n > number), p) for t, n, p in defect.bindings if n != number)
        without = msgspec.structs.replace(defect, steps=fewer, bindings=bound)
        if not _belongs(defect, number) and replay(without, spec, sender).occurs:
            defect = without
    return defect


def _belongs(defect: Defect, number: int) -> bool:
    """Whether a step is part of what is wrong: what was done to a thing before it was read again."""
    last = defect.steps[-1].path
    made_it = any(n == number and text in last for text, n, _ in defect.bindings)
    return defect.check in OF_CHAINS and (made_it or last.startswith(defect.steps[number].path))


def _finding(outcome: Outcome, summary: str, observed: str) -> Finding:
    return Finding(
        item=ITEM,
        outcome=outcome,
        summary=f"Linked operations: {summary}",
        expected="answers as the spec describes them, also to what earlier answers held",
        observed=observed,
        source="the spec's links; Schemathesis' checks",
        case="links",
    )
