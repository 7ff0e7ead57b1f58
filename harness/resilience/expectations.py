"""What a case expects of the client, as small objects: each looks at the same evidence and returns a complaint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from harness.model import Attempt
from harness.model.config import Policy
from harness.resilience.client_process import ClientRun
from harness.resilience.fault_server import WRITES

CLOCK_S = 0.05
"""By how much a wait may be shorter than it should, as clocks and networks go."""
TELLABLE_S = 0.5
"""By how much two waits must differ for one to be told from the other."""


class Evidence(NamedTuple):
    """What was seen of one run of the client."""

    attempts: Sequence[Attempt]
    """All requests, in order of arrival."""
    faulted: Sequence[Attempt]
    """The attempts of the operation that met the first fault."""
    run: ClientRun
    policy: Policy

    @property
    def gaps(self) -> list[float]:
        """Seconds between the attempts of the faulted operation."""
        return [b.at - a.at for a, b in zip(self.faulted, self.faulted[1:], strict=False)]


Expectation = Callable[[Evidence], str]
"""Returns what is wrong, empty when the expectation holds."""


def succeeds(evidence: Evidence) -> str:
    """The workflow succeeds in the end."""
    return "" if evidence.run.succeeded else f"the workflow did not succeed: {evidence.run.ended}"


def reports_failure(evidence: Evidence) -> str:
    """The error surfaces: the client ends by itself and reports failure."""
    if evidence.run.exit_status is None:
        return evidence.run.ended
    return "the client reported success although nothing ever succeeded" if evidence.run.succeeded else ""


def attempts_exactly(number: int) -> Expectation:
    """Return the expectation of that many attempts of the faulted operation."""

    def check(evidence: Evidence) -> str:
        found = len(evidence.faulted)
        return "" if found == number else f"{found} attempt{'' if found == 1 else 's'} instead of {number}"

    return check


def attempts_bounded(evidence: Evidence) -> str:
    """No more attempts than ``[client] policy.max_attempts``, and more than one."""
    found, most = len(evidence.faulted), evidence.policy.max_attempts
    if found < 2:
        return "it was not retried at all"
    return "" if found <= most else f"{found} attempts; [client] policy.max_attempts is {most}"


def attempts_at_most(number: int) -> Expectation:
    """Return the expectation of no more than that many attempts of the faulted operation."""

    def check(evidence: Evidence) -> str:
        found = len(evidence.faulted)
        return "" if found <= number else f"{found} attempts instead of at most {number}"

    return check


def pauses(evidence: Evidence) -> str:
    """Not every attempt follows at once on another: that is hammering. One short delay may be chance (full jitter)."""
    gaps = evidence.gaps
    hammers = len(gaps) > 1 and max(gaps) < 0.02
    return f"retried without a pause: {_shown(gaps)}" if hammers else ""


def grows(evidence: Evidence) -> str:
    """Over several retries the delays grow: some later one is clearly longer than the first."""
    gaps = evidence.gaps
    if len(gaps) < 3:
        return ""
    return "" if max(gaps[1:]) > 1.2 * gaps[0] else f"the delays do not grow: {_shown(gaps)}"


def _shown(gaps: Sequence[float]) -> str:
    return ", ".join(f"{g:.3f} s" for g in gaps[:8])


def waits_as_asked(seconds: float, *, at_least: float) -> Expectation:
    """Return the expectation of one retry, ``at_least`` so many seconds after a fault that asks for ``seconds``.

    Where ``[client] policy.retry_after_cap`` is shorter than what is asked for, the client waits for that long, or
    gives up and reports failure.
    """

    def check(evidence: Evidence) -> str:
        cap = evidence.policy.retry_after_cap
        if cap < seconds:
            return _complaint_of_capped(evidence, cap, asked=at_least)
        if not evidence.gaps:
            return "it was not retried at all"
        if evidence.gaps[0] < at_least:
            return f"retried after {evidence.gaps[0]:.2f} s, earlier than {at_least:g} s"
        return "; ".join(filter(None, (attempts_exactly(2)(evidence), succeeds(evidence))))

    return check


def _complaint_of_capped(evidence: Evidence, cap: float, *, asked: float) -> str:
    policy = f"[client] policy.retry_after_cap is {cap:g} s"
    if not evidence.gaps:
        return reports_failure(evidence)
    waited = evidence.gaps[0]
    if waited < cap - CLOCK_S:
        return f"retried after {waited:.2f} s; {policy}"
    # Between a cap and a slightly longer wait no clock of ours can tell.
    if waited >= asked and asked - cap >= TELLABLE_S:
        return f"waited for {waited:.2f} s, as long as it was asked to; {policy}"
    return "; ".join(filter(None, (attempts_exactly(2)(evidence), succeeds(evidence))))


def rejects_partial_response(evidence: Evidence) -> str:
    """What never arrived whole is not taken for success: it is asked again, looked up, or the client fails."""
    if len(evidence.faulted) > 1:
        return ""
    if evidence.run.succeeded:
        return "the client reported success, and never had a whole answer"
    after = next((a for a in evidence.attempts if a.at > evidence.faulted[0].at), None)
    went_on = after is not None and after.method in WRITES
    return f"the client went on to {after.method} {after.path} as if it had a whole answer" if after and went_on else ""


def respects_deadline(evidence: Evidence) -> str:
    """No answer is waited for longer than ``[client] policy.answer_within``."""
    until = evidence.faulted[1].at if len(evidence.faulted) > 1 else evidence.run.ended_at
    held, most = until - evidence.faulted[0].at, evidence.policy.answer_within
    return "" if held <= most else f"held for {held:.1f} s; [client] policy.answer_within is {most:g} s"
