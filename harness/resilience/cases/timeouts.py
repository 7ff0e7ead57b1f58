"""A provider that is slow, and still answers in time."""

from __future__ import annotations

from harness.model import Level
from harness.resilience.cases.retries import BACKOFF
from harness.resilience.client_case import ClientCase
from harness.resilience.faults import Action, Fault
from harness.resilience.policy_expectations import waits_for_a_slow_answer
from harness.resilience.workflow_operations import answered_calls

CASES: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=case_id,
        item="resilience.timeouts",
        level=Level.SHOULD,
        summary=f"the provider's own response, but {what}",
        passed=f"Waited for a response {what}",
        failed=f"Did not wait for a response {what}",
        expected="one attempt and success, where [client] policy.answer_within is longer than the response takes",
        source=BACKOFF,
        fix="Set time-outs longer than a slow but normal answer takes: a call given up too early is sent twice.",
        concerns=answered_calls,
        faults=(Fault(action=action, amount=amount, within_s=2),),
        expectations=(waits_for_a_slow_answer(2),),
    )
    for case_id, what, action, amount in (
        ("late-answer", "1 s late", Action.DELAY, 1),
        ("narrow-answer", "at 200 bytes a second for 2 s", Action.NARROW, 200),
    )
)
