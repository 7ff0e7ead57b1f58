"""Tries many cases with one wait, side by side: a genuine delivery after all shows that each had time for an effect.

A case whose delivery had the expected answer and nothing else is decided by that, and so is a forgery that was
acknowledged: its effects are counted by an id of its own, and a receiver that takes one may take all, each after a
while. Any other case is tried alone, where all that it causes is known to be its own; so a pass is as sound as alone,
and a failure has its evidence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.model import Event, Finding, Outcome
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.case_trial import CaseDelivery, CaseTrial, judge
from harness.webhooks.cases import ReceiverCase
from harness.webhooks.effects import NamelessEffects
from harness.webhooks.fixture_checks import with_fixtures

GROUP = 64
"""Most cases of a group."""
AT_ONCE = 4
"""Deliveries of a group, and then questions about them, at a time: most of each is waiting."""

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
        known = case.id in self._found or case.not_applicable_to(self._receiver.scheme)
        if not known and case in self._cases:
            self._receiver.undisturbed(lambda: self._tried(case))
        found = self._found.pop(case.id, None)
        return found or judge(self._receiver, case, self._event, reproduce=self._reproduce(case))

    def _tried(self, first: ReceiverCase) -> list[Finding]:
        """Try the cases from ``first`` on; return the findings of those that are decided beside others."""
        receiver, nameless = self._receiver, NamelessEffects(self._receiver.probe)
        trials = [CaseTrial(receiver, case, self._reproduce(case), nameless) for case in self._next(first)]
        if not trials or receiver.usable(self._event)[1]:
            return []
        deaths = receiver.deaths()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="cases") as pool:
            sent = self._sent(trials, pool)
            if not sent:
                return []
            control = receiver.subject(sent[-1][1].usable)
            answer = receiver.still_answers(control, deaths)  # waits for a process that is started again
            silent = any(delivery.answer.status is None and not t.is_expected(delivery) for t, delivery in sent)
            if silent or receiver.deaths() != deaths:
                # Each is tried alone from now on: a process that ends too often is not started again, and silence is
                # slow.
                self._cases = []
                return []
            if not answer.acknowledged:
                return []
            nameless.forget()
            harmless = [(t, delivery) for t, delivery in sent if _is_harmless(t, delivery)]
            decided = list(pool.map(lambda each: each[0].beside(each[1], control), harmless))
        self._found |= {t.case.id: found for (t, _), found in zip(harmless, decided, strict=True) if found}
        return [each for found in decided for each in found or ()]

    def _next(self, first: ReceiverCase) -> list[ReceiverCase]:
        """Return the cases of the group that begins with ``first``, without those that are known."""
        start = self._cases.index(first)
        scheme = self._receiver.scheme
        return [
            case
            for case in self._cases[start : start + GROUP]
            if case.id not in self._found and not case.not_applicable_to(scheme)
        ]

    def _sent(self, trials: Sequence[CaseTrial], pool: ThreadPoolExecutor) -> list[_Trial]:
        """Send the deliveries of the cases, up to the first one with a response that may be a sign of trouble."""
        ended = threading.Event()

        def send(trial: CaseTrial) -> _Trial | None:
            if ended.is_set():
                return None
            sent = trial.send(self._event)
            if isinstance(sent, Finding):
                if sent.outcome is Outcome.ERROR:
                    ended.set()
                else:  # there is no such delivery of this event
                    self._found[trial.case.id] = [with_fixtures(sent, self._event.file)]
                return None
            if not _is_harmless(trial, sent):
                ended.set()
            return trial, sent

        return [each for each in pool.map(send, trials) if each is not None]


def _is_harmless(trial: CaseTrial, sent: CaseDelivery) -> bool:
    """Whether the response to a delivery shows no trouble that others could feel."""
    return trial.is_expected(sent) or trial.is_taken(sent)
