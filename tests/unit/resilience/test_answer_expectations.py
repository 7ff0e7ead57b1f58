"""What is expected where the policy decides, and of redirects: each complaint is seen, and each way to be right."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.model import Attempt
from harness.model.config import Duration, Policy
from harness.resilience.client_evidence import Evidence, OfTiming
from harness.resilience.client_process import ClientRun
from harness.resilience.policy_expectations import gives_up, repeats_as_the_policy, waits_for_a_slow_answer
from harness.resilience.redirect_expectations import ends_within, keeps_the_method
from harness.resilience.workflow_operations import ClientOperation


def attempt(at: float, status: int | None, fault: str = "", method: str = "POST") -> Attempt:
    return Attempt(at=at, method=method, path="/runs", key="k", body_digest="0", fault=fault, status=status)


def evidence(*attempts: Attempt, exit_status: int | None = 0, **policy: Any) -> Evidence:
    run = ClientRun(exit_status=exit_status, seconds=1, tail="", ended_at=1)
    return Evidence(attempts=attempts, run=run, policy=Policy(**policy))


REFUSED, DONE = attempt(0, 500, "500"), attempt(0.2, 201)
LATE = attempt(0, 201, "201, slow 1 s")


@pytest.mark.parametrize(
    "found, complaint",
    [
        (evidence(REFUSED, DONE), ""),
        (evidence(REFUSED, exit_status=1), "1 attempt instead of 2; the workflow did not succeed"),
        (evidence(REFUSED, exit_status=1, retry_on=(503,)), ""),
        (evidence(REFUSED, DONE, retry_on=(503,)), "it was retried; [client] policy.retry_on does not contain 500"),
    ],
    ids=["repeated", "given up", "given up by policy", "repeated against the policy"],
)
def test_the_policy_decides_what_is_repeated(found: Evidence, complaint: str) -> None:
    """A status in its list is repeated, and any other is not."""
    assert repeats_as_the_policy(500)(found).startswith(complaint)
    assert bool(repeats_as_the_policy(500)(found)) is bool(complaint)


@pytest.mark.parametrize(
    "found, complaint",
    [
        (evidence(LATE), ""),
        (evidence(LATE, attempt(1, 200, method="GET")), ""),
        (evidence(LATE, exit_status=1), "the workflow did not succeed"),
        (evidence(LATE, exit_status=1, answer_within=Duration(2)), ""),
    ],
    ids=["waited", "went on", "given up", "given up by policy"],
)
def test_a_slow_answer_is_waited_for(found: Evidence, complaint: str) -> None:
    """Within the client's own limit; a busy machine may have caused the complaint, so that it is tried again."""
    seen = waits_for_a_slow_answer(2)(found)

    assert seen.startswith(complaint)
    assert isinstance(seen, OfTiming) is bool(complaint)


MOVED = attempt(0, 307, "307")


@pytest.mark.parametrize(
    "found, complaint",
    [
        (evidence(MOVED, DONE), ""),
        (evidence(MOVED, exit_status=1), ""),
        (evidence(MOVED, attempt(0.1, 200, method="GET")), "success without POST /runs; it sent GET /runs instead"),
        (evidence(MOVED), "the client reported success without POST /runs"),
        (evidence(MOVED, exit_status=None), "still running"),
    ],
    ids=["followed", "not followed", "by another method", "not at all", "killed"],
)
def test_a_redirected_write_is_a_write_again(found: Evidence, complaint: str) -> None:
    """It is followed as it was, or fails."""
    assert complaint in keeps_the_method(found)
    assert bool(keeps_the_method(found)) is bool(complaint)


def test_a_loop_ends() -> None:
    """By a reported error, after a few calls."""
    assert ends_within(2)(evidence(MOVED, MOVED, exit_status=1)) == ""
    assert ends_within(2)(evidence(MOVED, MOVED, MOVED, exit_status=1)) == "3 calls, more than 2"
    assert "the client reported success" in ends_within(2)(evidence(MOVED))


INSTEAD = "it sent GET /runs instead"


@pytest.mark.parametrize(
    "method, length, complaint",
    [
        ("POST", 40, ""),
        ("POST", 41, f"the client reported success without POST /runs; {INSTEAD}"),
        ("PATCH", 40, f"the client reported success without PATCH /runs; {INSTEAD}"),
    ],
)
def test_a_call_that_reads_may_be_followed_with_get(method: str, length: int, complaint: str) -> None:
    """The answer to GET is as long as that to POST is without a fault: it was a read (RPC), and not a write."""
    post = msgspec.structs.replace(attempt(0, 200, method=method), answer_bytes=40)
    moved = attempt(0, 301, "301", method=method)
    followed = msgspec.structs.replace(attempt(0.1, 200, method="GET"), answer_bytes=length, provider_status=200)
    operation = ClientOperation(label=f"{method} /runs", calls=(post,))

    found = keeps_the_method(msgspec.structs.replace(evidence(moved, followed), operation=operation))

    assert found == complaint


LIMITED = [attempt(number / 10, 429, "429") for number in range(6)]


@pytest.mark.parametrize(
    "found, complaint",
    [
        (evidence(*LIMITED[:5], exit_status=1), ""),
        (evidence(*LIMITED[:1], exit_status=1), ""),
        (evidence(*LIMITED, exit_status=1), "6 attempts; [client] policy.max_attempts is 5"),
        (evidence(*LIMITED[:5]), "the client reported success although the call did not succeed"),
    ],
    ids=["in the end", "at once", "too late", "in silence"],
)
def test_a_client_gives_up(found: Evidence, complaint: str) -> None:
    """After as many attempts as its policy allows, or fewer, and not in silence."""
    assert gives_up(found) == complaint
