"""Each case at each operation of the client's workflow that it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import NamedTuple

import msgspec

from harness.model import Finding, Outcome
from harness.model.config.client import ROOM_S
from harness.resilience.case_trials import Tried, finding_of, not_applicable, passed_beside, tried
from harness.resilience.cases import retries
from harness.resilience.client_case import ClientCase
from harness.resilience.client_evidence import Evidence
from harness.resilience.expectations import CLEAR_S
from harness.resilience.fault_server import any_call
from harness.resilience.runner import MOST_OPERATIONS, ClientUnderTest
from harness.resilience.runs_at_once import side_by_side
from harness.resilience.undisturbed import Script
from harness.resilience.unread_answers import may_be_unread, spared
from harness.resilience.workflow_operations import ClientOperation


class CaseTrials(NamedTuple):
    """What a case found at the operations of a workflow."""

    tried: Sequence[Tried]
    unmet: Sequence[str] = ()
    """The operations that it concerns and did not meet, because there are too many."""

    def finding(self, case: ClientCase, reproduce: str) -> Finding:
        """Return the one finding of them."""
        return finding_of(case, self.tried, unmet=self.unmet, reproduce=reproduce)


def check_case(client: ClientUnderTest, case: ClientCase, *, reproduce: str = "") -> Finding:
    """Judge a client under the faults of a case; raises `ProcessError`."""
    found = _all_tried(client, case, reproduce)
    return found if isinstance(found, Finding) else found.finding(case, reproduce)


def check_beside(client: ClientUnderTest, case: ClientCase, *, reproduce: str = "") -> Finding | None:
    """Judge a client that pauses for long, while others run; None where what these add to its times could decide.

    Raises `ProcessError`.
    """
    if repeated := retries.repeated_by(client.policy):
        check_case(client, repeated)  # its runs serve all who ask for that case
    pauses = first_pauses(client)
    if pauses and median(pauses) < CLEAR_S:
        return None
    found = _all_tried(client, case, reproduce)
    if isinstance(found, Finding):
        return found
    if all(each.is_clear for each in found.tried):
        return found.finding(case, reproduce)
    client.known.forget(case.faults)
    return None


def first_pauses(client: ClientUnderTest) -> list[float]:
    """Return the seconds before each second attempt after a status that asks for no time, in all runs so far."""
    found = []
    for evidence in client.known.evidence():
        for operation in client.undisturbed().operations.all:
            of_it = msgspec.structs.replace(evidence, operation=operation)
            if not of_it.is_met:
                continue
            first = of_it.faulted[0]
            plain = first.fault == str(first.status) and first.status in client.policy.retry_on
            found += of_it.gaps[:1] if plain else []
    return found


def _all_tried(client: ClientUnderTest, case: ClientCase, reproduce: str) -> CaseTrials | Finding:
    plain = client.undisturbed()
    if not case.faults:
        shown = client.evidence_of(plain.server, plain.run), plain.server.errors
        return CaseTrials([tried(case, "", lambda _: shown)])
    if plain.problem:
        return case.finding(Outcome.ERROR, plain.problem, reproduce=reproduce)
    if case.concerns is None:
        return CaseTrials([_tried(client, case, None)])
    concerned = plain.operations.concerned(case.concerns)
    operations, unmet = concerned[:MOST_OPERATIONS], [o.label for o in concerned[MOST_OPERATIONS:]]
    if not operations:
        labels = ", ".join(operation.label for operation in plain.operations.all)
        return not_applicable(case, f"the workflow makes no such call: {labels}")
    if case.each_write:
        return CaseTrials([_tried(client, case, None)])
    passed = _passed_together(client, case, operations) if case.is_brief and len(operations) > 1 else {}
    works = [partial(_tried, client, case, operation) for operation in operations if operation.label not in passed]
    each_of_rest = side_by_side(works, several=client.parallel and plain.own_folder)
    by_label = passed | {each.label: each for each in each_of_rest}
    return CaseTrials([by_label[o.label] for o in operations], unmet)


def _passed_together(
    client: ClientUnderTest, case: ClientCase, operations: Sequence[ClientOperation]
) -> dict[str, Tried]:
    """Try a case at several operations in one run; return the passes by label."""
    plain = client.undisturbed()
    labels = sorted(operation.label for operation in operations)

    def once() -> tuple[Evidence, Sequence[str]]:
        server, run = client.run(case.faults, aim=plain.operations.aim(set(labels)), own_folder=plain.own_folder)
        return client.evidence_of(server, run), server.errors

    evidence, errors = client.known.run(Script(case.faults, labels=tuple(labels)), 0, once)
    found = [
        passed_beside(case, o.label, msgspec.structs.replace(evidence, operation=o)) for o in operations if not errors
    ]
    return {each.label: each for each in found if each is not None}


def _tried(client: ClientUnderTest, case: ClientCase, operation: ClientOperation | None) -> Tried:
    """Try a case at one operation, or at the first calls."""
    plain = client.undisturbed()
    label = operation.label if operation else ""

    def once() -> tuple[Evidence, Sequence[str]]:
        least_s = client.policy.retry_after_cap + ROOM_S if case.outlasts_cap else 0
        server, run = client.run(
            case.faults,
            then=case.then,
            each_write=case.each_write,
            aim=plain.operations.aim({label}) if label else any_call,
            own_folder=plain.own_folder and operation is not None,
            least_s=least_s,
        )
        return client.evidence_of(server, run, operation), server.errors

    script = Script(case.faults, case.then, case.each_write, (label,) if label else ())
    found = tried(case, label, lambda number: client.known.run(script, number, once))
    unread = operation is not None and may_be_unread(case, found) and client.need_not_read(operation)
    return spared(found) if unread else found
