"""What a case expects of the client, as small functions: each checks the same evidence and returns a complaint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from harness.model import Attempt
from harness.model.config import Policy
from harness.resilience.client_process import ClientRun
from harness.resilience.fault_server import WRITES

CLOCK_S = 0.05
"""Seconds by which a wait may be too short, for the inaccuracy of clocks and networks."""
DISTINCT_S = 0.5
"""Seconds by which two waits must differ to be distinguishable."""


class Evidence(NamedTuple):
    """What the fault server saw of one run of the client."""

    attempts: Sequence[Attempt]
    """All requests, in order of arrival."""
    faulted: Sequence[Attempt]
    """The attempts of the operation that the first fault hit."""
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
    """The client ends by itself and reports the failure."""
    if evidence.run.exit_status is None:
        return evidence.run.ended
    return "the client reported success although no call succeeded" if evidence.run.succeeded else ""


def attempts_exactly(number: int) -> Expectation:
    """Return the expectation of exactly that many attempts of the faulted operation."""

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
    """Return the expectation of at most that many attempts of the faulted operation."""

    def check(evidence: Evidence) -> str:
        found = len(evidence.faulted)
        return "" if found <= number else f"{found} attempts instead of at most {number}"

    return check


def pauses(evidence: Evidence) -> str:
    """Not all attempts follow each other immediately. A single short delay may be chance (full jitter)."""
    gaps = evidence.gaps
    hammers = len(gaps) > 1 and max(gaps) < 0.02
    return f"retried without a pause: {_shown(gaps)}" if hammers else ""


def grows(evidence: Evidence) -> str:
    """The delays between several retries grow: a later one is clearly longer than the first."""
    gaps = evidence.gaps
    if len(gaps) < 3:
        return ""
    return "" if max(gaps[1:]) > 1.2 * gaps[0] else f"the delays do not grow: {_shown(gaps)}"


def _shown(gaps: Sequence[float]) -> str:
    return ", ".join(f"{g:.3f} s" for g in gaps[:8])


def waits_as_asked(seconds: float, *, at_least: float) -> Expectation:
    """Return the expectation of one retry, ``at_least`` that many seconds after a fault that asks for ``seconds``.

    If ``[client] policy.retry_after_cap`` is shorter than that, the client waits for the cap, or gives up and reports
    the failure.
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
    # A cap and a slightly longer wait cannot be distinguished.
    if waited >= asked and asked - cap >= DISTINCT_S:
        return f"waited for {waited:.2f} s, as Retry-After asked; {policy}"
    return "; ".join(filter(None, (attempts_exactly(2)(evidence), succeeds(evidence))))


def rejects_partial_response(evidence: Evidence) -> str:
    """An incomplete response does not count as success: the client asks again, looks the result up, or fails."""
    if len(evidence.faulted) > 1:
        return ""
    if evidence.run.succeeded:
        return "the client reported success without a complete response"
    if evidence.run.exit_status is None:  # it did nothing: the harness ended it
        return evidence.run.ended
    after = next((a for a in evidence.attempts if a.at > evidence.faulted[0].at), None)
    if after is None or after.method not in WRITES:
        return ""
    return f"the client continued with {after.method} {after.path} without a complete response"


def respects_deadline(evidence: Evidence) -> str:
    """The client waits for no response longer than ``[client] policy.answer_within``."""
    until = evidence.faulted[1].at if len(evidence.faulted) > 1 else evidence.run.ended_at
    held, most = until - evidence.faulted[0].at, evidence.policy.answer_within
    return "" if held <= most else f"waited for {held:.1f} s; [client] policy.answer_within is {most:g} s"
