"""What a client repeats, as few words as a status or a broken connection may be of why."""

from __future__ import annotations

from harness.model import Level
from harness.model.config import Policy
from harness.resilience.client_case import ClientCase
from harness.resilience.expectations import attempts_exactly, succeeds
from harness.resilience.faults import CLOSE, STALE, Fault, respond
from harness.resilience.policy_expectations import gives_up, repeats_as_the_policy
from harness.resilience.redirect_expectations import ends_within
from harness.resilience.workflow_operations import every_call, keyed_writes, repeatable_calls, reused_connections

ITEM = "resilience.retries"
BACKOFF = "AWS Builders' Library, Timeouts, retries and backoff with jitter"
_STATUSES = (
    (408, "RFC 9110 section 15.5.9"),
    (425, "RFC 8470 section 5.2"),
    (500, f"RFC 9110 section 15.6.1; {BACKOFF}"),
    (502, f"RFC 9110 section 15.6.3; {BACKOFF}"),
    (504, f"RFC 9110 section 15.6.5; {BACKOFF}"),
)

ONCE: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=f"once-{status}",
        item=ITEM,
        level=Level.SHOULD,
        summary=f"one {status}, then normal responses",
        passed=f"Recovered from one {status}",
        failed=f"Did not recover from one {status}",
        expected=f"a second attempt, and success; without {status} in [client] policy.retry_on, one attempt",
        source=source,
        fix=f"Repeat a repeatable call after a {status} too, or leave {status} out of [client] policy.retry_on.",
        concerns=repeatable_calls,
        faults=(respond(status),),
        expectations=(repeats_as_the_policy(status),),
    )
    for status, source in _STATUSES
)


def repeated_by(policy: Policy) -> ClientCase | None:
    """Return a case of a status that a policy repeats; None where it repeats none of them."""
    return next((case for case in reversed(ONCE) if case.faults[0].status in policy.retry_on), None)


IN_PROGRESS = ClientCase(
    id="in-progress",
    item=ITEM,
    level=Level.SHOULD,
    summary="one 409 to a write whose idempotency key is still in progress",
    passed="Sent a write again whose key was still in use",
    failed="Did not send a write again whose key was still in use",
    expected="a second attempt with the same key, and success; without 409 in [client] policy.retry_on, one attempt",
    source="draft-ietf-httpapi-idempotency-key-header-07 section 2.6",
    fix="After a 409, repeat the write with the same key: the first attempt is still in progress.",
    concerns=keyed_writes,
    faults=(respond(409),),
    expectations=(repeats_as_the_policy(409),),
)

STALE_CONNECTION = ClientCase(
    id="stale-connection",
    item=ITEM,
    level=Level.SHOULD,
    summary="a connection that was used before, closed by the provider as the next call arrives",
    passed="Sent a call again whose connection had been closed",
    failed="Did not send a call again whose connection had been closed",
    expected="a second attempt on another connection, and success",
    source="RFC 9112 section 9.3.1",
    fix="Repeat a repeatable call on a new connection: a provider may close an idle one at any time.",
    concerns=reused_connections,
    faults=(STALE,),
    expectations=(attempts_exactly(2), succeeds),
)

LOOP = ClientCase(
    id="redirect-loop",
    item=ITEM,
    level=Level.SHOULD,
    summary="a 307 to the same URL, without end",
    passed="Ended a redirect that leads to itself",
    failed="Did not end a redirect that leads to itself",
    expected="at most 50 calls, then a reported error",
    source="RFC 9110 section 15.4",
    fix="Follow a few redirects at most, and report an error then.",
    concerns=every_call,
    faults=(Fault(status=307, headers=(("Location", "{target}"),)),),
    then=Fault(status=307, headers=(("Location", "{target}"),)),
    expectations=(ends_within(50),),
)

ENDLESS: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=case_id,
        item=ITEM,
        summary=f"{what} every call",
        passed=f"Gave up after {short} without end, and reported the error",
        failed=f"Did not give up and report the error after {short} without end",
        expected="at most [client] policy.max_attempts attempts, then a reported error",
        source=source,
        fix="Count each attempt of a call, whatever the one before it met, and report the error after the last.",
        concerns=None,
        faults=(fault,),
        then=fault,
        expectations=(gives_up,),
    )
    for case_id, fault, what, short, source in (
        ("limited-for-good", respond(429), "a 429 to", "429s", "RFC 6585 section 4"),
        ("closed-for-good", CLOSE, "a closed connection in place of a response to", "closed connections", BACKOFF),
    )
)

CASES: tuple[ClientCase, ...] = (*ONCE, IN_PROGRESS, STALE_CONNECTION, LOOP, *ENDLESS)
