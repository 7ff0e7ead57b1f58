"""What a case expects of the client, as small functions: each checks the same evidence and returns a complaint."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.config import Policy
from harness.model.config.client import HELD_LONGER_S
from harness.resilience.client_evidence import BeyondDefault, Evidence, Expectation, OfTiming, Timed
from harness.resilience.fault_server import WRITES
from harness.resilience.preset_source import by_preset

CLOCK_S = 0.05
"""Seconds by which a wait may be too short, for the inaccuracy of clocks and networks."""
DISTINCT_S = 0.5
"""Seconds by which two waits must differ to be distinguishable."""
AT_ONCE_S = 0.02
"""Seconds: a shorter delay is no pause."""
NOISE_S = 0.03
"""Seconds by which a busy machine may lengthen a delay."""
CLEAR_S = 0.5
"""Seconds: what runs beside the client lengthens no pause by so much."""
UNSEEN_PAUSE_S = 2.0
"""Seconds that a client may pause with the old connection still open: fewer than it is held for too long."""
_HAMMERS_BY_CHANCE = 0.02
"""Two delays with full jitter, below 0.1 s and below 0.2 s, are both shorter than `AT_ONCE_S`: 0.2 * 0.1."""
_GROWS_NOT_BY_CHANCE = 0.12
"""Of three delays with full jitter, below 0.1, 0.2 and 0.4 s, neither later one is clearly longer than the first."""


def succeeds(evidence: Evidence) -> str:
    """The workflow succeeds in the end."""
    if evidence.run.exit_status is None:
        return evidence.run.ended
    return "" if evidence.run.succeeded else f"the workflow did not succeed: exit status {evidence.run.exit_status}"


def reports_failure(evidence: Evidence) -> str:
    """The client ends by itself and reports the failure."""
    if evidence.run.exit_status is None:
        return evidence.run.ended
    return "the client reported success although the call did not succeed" if evidence.run.succeeded else ""


def attempts_exactly(number: int) -> Expectation:
    """Return the expectation of exactly that many attempts of the faulted operation."""

    def check(evidence: Evidence) -> str:
        found = len(evidence.faulted)
        return "" if found == number else f"{found} attempt{'' if found == 1 else 's'} instead of {number}"

    return check


def attempts_bounded(evidence: Evidence) -> str:
    """No more attempts than ``[client] policy.max_attempts``, and more than one."""
    return "it was not retried at all" if len(evidence.faulted) < 2 else too_many_attempts(evidence)


def too_many_attempts(evidence: Evidence) -> str:
    """No more attempts than ``[client] policy.max_attempts``, be it one alone."""
    found, most = len(evidence.faulted), evidence.policy.max_attempts
    return "" if found <= most else f"{found} attempts; [client] policy.max_attempts is {most}"


def attempts_at_most(number: int) -> Expectation:
    """Return the expectation of at most that many attempts of the faulted operation."""

    def check(evidence: Evidence) -> str:
        found = len(evidence.faulted)
        return "" if found <= number else f"{found} attempts instead of at most {number}"

    return check


def _hammers(evidence: Evidence) -> str:
    gaps = evidence.gaps
    hammers = len(gaps) > 1 and max(gaps) < AT_ONCE_S
    return OfTiming(f"retried without a pause: {_shown(gaps)}") if hammers else ""


def _does_not_grow(evidence: Evidence) -> str:
    gaps = evidence.gaps
    if len(gaps) < 3:
        return ""
    grown = max(gaps[1:]) > 1.2 * gaps[0] + NOISE_S
    return "" if grown else OfTiming(f"the delays do not grow: {_shown(gaps)}")


def _delays(evidence: Evidence) -> str:
    return f"delays of {_shown(evidence.gaps)}" if evidence.gaps else ""


def _clearly_pauses(evidence: Evidence) -> bool:
    return len(evidence.gaps) < 2 or max(evidence.gaps) >= CLEAR_S


def _clearly_grows(evidence: Evidence) -> bool:
    gaps = evidence.gaps
    return len(gaps) < 3 or max(gaps[1:]) >= 1.2 * gaps[0] + CLEAR_S


pauses = Timed(_hammers, _delays, _HAMMERS_BY_CHANCE, _clearly_pauses)
"""Not all attempts follow each other immediately. A single short delay may be chance (full jitter), or one immediate
retry, which is right before back-off (Microsoft's Azure Architecture Center, Transient fault handling)."""
grows = Timed(_does_not_grow, _delays, _GROWS_NOT_BY_CHANCE, _clearly_grows)
"""The delays between several retries grow: a later one is clearly longer than the first."""


def _shown(gaps: Sequence[float]) -> str:
    return ", ".join(f"{g:.3f} s" for g in gaps[:8])


def waits_as_asked(seconds: float, *, at_least: float) -> Timed:
    """Return the expectation of one retry, ``at_least`` that many seconds after a fault that asks for ``seconds``.

    If ``[client] policy.retry_after_cap`` is shorter than that, the client waits for the cap, or gives up and reports
    the failure. So it may, where the call is a write without a key.
    """

    def check(evidence: Evidence) -> str:
        if not evidence.gaps and not evidence.must_repeat:
            return reports_failure(evidence)
        cap = evidence.policy.retry_after_cap
        if cap < seconds:
            return _complaint_of_capped(evidence, cap, asked=at_least)
        if not evidence.gaps:
            return "it was not retried at all"
        if evidence.gaps[0] < at_least:
            return OfTiming(f"retried after {evidence.gaps[0]:.2f} s, earlier than {at_least:g} s")
        return _second_succeeds(evidence)

    def margin(evidence: Evidence) -> str:
        least = min(at_least, evidence.policy.retry_after_cap)
        return f"waited for {evidence.gaps[0]:.2f} s, at least {least:g} s" if evidence.gaps else ""

    return Timed(check, margin)


def _complaint_of_capped(evidence: Evidence, cap: float, *, asked: float) -> str:
    policy = f"[client] policy.retry_after_cap is {cap:g} s"
    if not evidence.gaps:
        return reports_failure(evidence)
    waited = evidence.gaps[0]
    if waited < cap - CLOCK_S:
        return OfTiming(f"retried after {waited:.2f} s; {policy}")
    # A cap and a slightly longer wait cannot be distinguished.
    if waited >= asked and asked - cap >= DISTINCT_S:
        return OfTiming(f"waited for {waited:.2f} s, as Retry-After asked; {policy}")
    return _second_succeeds(evidence)


def _second_succeeds(evidence: Evidence) -> str:
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


def tolerance(limit: float) -> float:
    """Return the seconds by which a limit may be exceeded, because both clocks and the machine are not exact."""
    return min(max(0.25, limit / 10), (HELD_LONGER_S - UNSEEN_PAUSE_S) * 0.75)


def _held(evidence: Evidence) -> float:
    """Return for how long the client surely waited for the answer: until it let go, and not until it tried again.

    Where it lets go only as it opens another connection, up to `UNSEEN_PAUSE_S` of that may be its pause.
    """
    first, *later = evidence.faulted
    let_go = first.let_go_at if first.let_go_at is not None else evidence.run.ended_at
    if later and later[0].at - let_go < AT_ONCE_S * 5:
        return max(0.0, later[0].at - first.at - UNSEEN_PAUSE_S)
    return min(let_go, evidence.run.ended_at) - first.at


def _waits_too_long(evidence: Evidence) -> str:
    held, most = _held(evidence), evidence.policy.longest_wait_s
    return beyond_limit(held, evidence.policy) if held > most + tolerance(most) else ""


def beyond_limit(held_s: float, policy: Policy, what: str = "") -> OfTiming:
    """Return the complaint about a client that waited so long, which is advice where its policy states no limit."""
    waited = " ".join(filter(None, (f"waited for {held_s:.1f} s", what)))
    if policy.answer_within is None:
        return BeyondDefault(
            f"{waited}; without [client] policy.answer_within, {policy.longest_wait_s:g} s are advised"
        )
    limit = f"[client] policy.answer_within is {policy.longest_wait_s:g} s{by_preset(policy, 'answer_within')}"
    return OfTiming(f"{waited}; {limit}")


def _wait(evidence: Evidence) -> str:
    most = evidence.policy.longest_wait_s
    return f"waited for {_held(evidence):.2f} s, at most {most:g} s, tolerating {tolerance(most):g} s more"


respects_deadline = Timed(_waits_too_long, _wait)
"""The client waits for no response longer than ``[client] policy.answer_within``."""
