"""Tries many cases with one wait: a genuine delivery after all of them shows that each had time for an effect.

A case whose delivery had the expected answer and nothing else is decided by that. Any other is tried alone, where all
that it causes is known to be its own; so a pass is as sound as alone, and a failure has its evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.model import Event, Finding, Outcome
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.case_trial import CaseDelivery, CaseTrial, judge
from harness.webhooks.cases import ReceiverCase

GROUP = 64
"""Most cases of a group."""

_Trial = tuple[CaseTrial, CaseDelivery]


class CaseGroups:
    """The cases that a run asks for, tried with those that it asks for next."""

    def __init__(
        self,
        receiver: ReceiverUnderTest,
        cases: Sequence[ReceiverCase],
        event: Event,
        reproduce: Callable[[ReceiverCase], str],
    ) -> None:
        """``cases`` are those that will be asked for, in their order; ``reproduce`` returns the command of one."""
        self._receiver = receiver
        self._cases = list(cases)
        self._event = event
        self._reproduce = reproduce
        self._found: dict[str, list[Finding]] = {}

    def findings(self, case: ReceiverCase) -> list[Finding]:
        """Return the finding of a case, and of what else its delivery shows."""
        if case.id not in self._found and case in self._cases:
            self._receiver.undisturbed(lambda: self._tried(case))
        found = self._found.pop(case.id, None)
        return found or judge(self._receiver, case, self._event, reproduce=self._reproduce(case))

    def _tried(self, first: ReceiverCase) -> list[Finding]:
        """Try the cases from ``first`` on; return the findings of those that showed nothing unexpected."""
        sent = list(self._sent(first))
        if not sent:
            return []
        last, latest = sent[-1]
        control = self._receiver.subject(latest.usable)
        answer = self._receiver.still_answers(control, latest.deaths)  # waits for a process that is started again
        silent = latest.answer.status is None and not last.is_expected(latest)
        if silent or self._receiver.deaths() != sent[0][1].deaths:
            # Each is tried alone from now on: a process that ends too often is not started again, and silence is slow.
            self._cases = []
            return []
        if not answer.acknowledged:
            return []
        quiet = {t.case.id: t.quiet(delivery, control) for t, delivery in sent if t.is_expected(delivery)}
        self._found |= {key: findings for key, findings in quiet.items() if findings}
        return [each for findings in quiet.values() for each in findings or ()]

    def _sent(self, first: ReceiverCase) -> Iterator[_Trial]:
        """Send the deliveries of the next cases, up to the first one with a response that its case does not allow."""
        start = self._cases.index(first)
        for case in self._cases[start : start + GROUP]:
            if case.id in self._found:
                continue
            trial = CaseTrial(self._receiver, case, self._reproduce(case))
            sent = trial.send(self._event)
            if isinstance(sent, Finding):
                if sent.outcome is Outcome.ERROR:
                    return
                continue
            yield trial, sent
            if not trial.is_expected(sent):
                return
