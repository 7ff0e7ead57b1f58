"""What a case expects where the specifications leave room: ``[client] policy`` decides."""

from __future__ import annotations

from harness.resilience.client_evidence import Evidence, Expectation, OfTiming
from harness.resilience.expectations import attempts_exactly, reports_failure, succeeds, too_many_attempts
from harness.resilience.preset_source import by_preset

_CLEARLY_S = 1.0
"""Seconds by which an answer must come before the client's limit, so that it may be expected to wait."""


def repeats_as_the_policy(status: int) -> Expectation:
    """Return the expectation of a repeated call, and success; of none where the policy leaves the status out."""

    def check(evidence: Evidence) -> str:
        by = by_preset(evidence.policy, "retry_on")
        if status in evidence.policy.retry_on:
            complaint = "; ".join(filter(None, (attempts_exactly(2)(evidence), succeeds(evidence))))
            return f"{complaint}; [client] policy.retry_on contains {status}{by}" if complaint and by else complaint
        repeated = len(evidence.faulted) > 1
        return f"it was retried; [client] policy.retry_on does not contain {status}{by}" if repeated else ""

    return check


def waits_for_a_slow_answer(seconds: float) -> Expectation:
    """Return the expectation of one attempt and success, for an answer that takes at most that many seconds."""

    def check(evidence: Evidence) -> str:
        if evidence.policy.longest_wait_s < seconds + _CLEARLY_S:
            return ""
        complaint = "; ".join(filter(None, (attempts_exactly(1)(evidence), succeeds(evidence))))
        return OfTiming(complaint) if complaint else ""

    return check


def gives_up(evidence: Evidence) -> str:
    """No more attempts than ``[client] policy.max_attempts``, be it one alone, and then a reported failure."""
    return "; ".join(filter(None, (too_many_attempts(evidence), reports_failure(evidence))))
