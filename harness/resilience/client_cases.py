"""Client cases as data: each row describes how the provider misbehaves, and what is expected of the client."""

from __future__ import annotations

from harness.resilience import write_cases
from harness.resilience.cases import integrity, refusals, retries, retry_after, timeouts
from harness.resilience.client_case import ClientCase
from harness.resilience.expectations import (
    CLOCK_S,
    attempts_at_most,
    attempts_bounded,
    attempts_exactly,
    grows,
    pauses,
    rejects_partial_response,
    reports_failure,
    respects_deadline,
    succeeds,
    waits_as_asked,
)
from harness.resilience.faults import CLOSE, RESET, SILENCE, TRICKLE, respond
from harness.resilience.idempotency_keys import (
    attempts_share_their_key,
    every_write_is_keyed,
    keys_are_long,
    operations_have_their_own_key,
)
from harness.resilience.workflow_operations import (
    repeatable_calls,
    writes,
)

_RETRIES, _RATE_LIMIT = "resilience.retries", "resilience.rate-limit"
_BLIND = "resilience.no-blind-retry"
_IDEMPOTENCY = "draft-ietf-httpapi-idempotency-key-header-07 section 2"
_RETRY_AFTER = "RFC 9110 section 10.2.3, RFC 6585 section 4"
_CAPPED = "if [client] policy.retry_after_cap is shorter, an attempt after that time or a reported failure"


_BACK_OFF = "Retry a repeatable call a few times, with growing pauses and jitter, and then report the error."
_HONOUR = "Wait at least as long as Retry-After asks, in seconds or until a date, before you try again."
_NO_REPEAT = "Do not send a refused request again: the same request gets the same answer."
_KEYED = (
    "Send an Idempotency-Key of 128 random bits with each write, and the same key with every attempt of that write."
)

RETRIES: tuple[ClientCase, ...] = (
    ClientCase(
        id="unavailable-twice",
        item=_RETRIES,
        summary="two 503s, then normal responses",
        passed="Recovered from two 503s in three attempts with pauses",
        failed="Did not recover from two 503s in three attempts with pauses",
        expected="three attempts with pauses between them, and success",
        source=retries.BACKOFF,
        fix=_BACK_OFF,
        concerns=repeatable_calls,
        faults=(respond(503), respond(503)),
        alone=True,
        expectations=(attempts_exactly(3), pauses, succeeds),
    ),
    ClientCase(
        id="reset-once",
        item=_RETRIES,
        summary="a connection reset once before any response",
        passed="Recovered from one reset connection with a second attempt",
        failed="Did not recover from one reset connection with a second attempt",
        expected="a second attempt, and success",
        source=retries.BACKOFF,
        fix=_BACK_OFF,
        concerns=repeatable_calls,
        faults=(RESET,),
        expectations=(attempts_exactly(2), succeeds),
    ),
    ClientCase(
        id="closed-once",
        item=_RETRIES,
        summary="a connection closed once before any response",
        passed="Recovered from one closed connection with a second attempt",
        failed="Did not recover from one closed connection with a second attempt",
        expected="a second attempt, and success",
        source=retries.BACKOFF,
        fix=_BACK_OFF,
        concerns=repeatable_calls,
        faults=(CLOSE,),
        expectations=(attempts_exactly(2), succeeds),
    ),
    ClientCase(
        id="unavailable-for-good",
        item=_RETRIES,
        summary="503 to every call",
        passed="Retried endless 503s with growing delays, then reported the error",
        failed="Did not retry endless 503s with growing delays and then report the error",
        expected="a bounded number of attempts with growing pauses, then a reported error",
        source=retries.BACKOFF,
        fix=_BACK_OFF,
        concerns=repeatable_calls,
        faults=(respond(503),),
        then=respond(503),
        alone=True,
        expectations=(attempts_bounded, pauses, grows, reports_failure),
    ),
    ClientCase(
        id="limited-with-seconds",
        item=_RATE_LIMIT,
        summary="a 429 with Retry-After: 2",
        passed="Followed a Retry-After in seconds after a 429",
        failed="Did not follow a Retry-After in seconds after a 429",
        expected=f"a second attempt no earlier than 2 s, and success; {_CAPPED}",
        source=_RETRY_AFTER,
        fix=_HONOUR,
        faults=(respond(429, retry_after=2),),
        expectations=(waits_as_asked(2, at_least=2 - CLOCK_S),),
    ),
    ClientCase(
        id="limited-with-date",
        item=_RATE_LIMIT,
        summary="a 429 with Retry-After as a date in 3 s",
        passed="Followed a Retry-After with a date after a 429",
        failed="Did not follow a Retry-After with a date after a 429",
        expected=f"a second attempt no earlier than the date, and success; {_CAPPED}",
        source=_RETRY_AFTER,
        fix=_HONOUR,
        faults=(respond(429, retry_after=3, as_date=True),),
        # An HTTP-date has whole seconds, so up to one second of the three is rounded away.
        expectations=(waits_as_asked(3, at_least=1.9),),
    ),
    ClientCase(
        id="limited-for-hours",
        item=_RATE_LIMIT,
        summary="a 429 with Retry-After: 21600",
        passed="Capped a Retry-After of six hours, or gave up",
        failed="Neither waited for its cap of Retry-After nor gave up",
        expected="an attempt after [client] policy.retry_after_cap, or a reported failure",
        source=_RETRY_AFTER,
        fix="Wait for Retry-After up to a cap; beyond the cap, report the failure or schedule the work for later.",
        faults=(respond(429, retry_after=6 * 3600),),
        expectations=(waits_as_asked(6 * 3600, at_least=6 * 3600),),
        outlasts_cap=True,
    ),
)

KEYS: tuple[ClientCase, ...] = (
    ClientCase(
        id="keys",
        item="resilience.idempotency-keys",
        summary="a 503 to the first attempt of every write",
        passed="Sent one idempotency key per write, the same on every attempt",
        failed="Did not send one idempotency key per write, the same on every attempt",
        expected="a key with every write, the same for all attempts of one operation, another for each operation",
        source=_IDEMPOTENCY,
        fix=_KEYED,
        faults=(respond(503),),
        concerns=writes,
        each_write=True,
        expectations=(every_write_is_keyed, attempts_share_their_key, operations_have_their_own_key, keys_are_long),
    ),
)

REFUSALS: tuple[ClientCase, ...] = (
    *(
        ClientCase(
            id=f"refused-{status}",
            item=_BLIND,
            summary=f"a {status}, which a retry cannot fix",
            passed=f"Did not repeat a call that was answered with {status}",
            failed=f"Repeated a call that was answered with {status}",
            expected="one attempt",
            source=f"RFC 9110 section 15.5.{section}",
            fix=_NO_REPEAT,
            faults=(respond(status),),
            expectations=(attempts_exactly(1),),
        )
        for status, section in ((400, 1), (403, 4), (404, 5), (422, 21))
    ),
    ClientCase(
        id="refused-401",
        item=_BLIND,
        summary="401 to every call",
        passed="Stopped after at most one retry of a 401, and reported the error",
        failed="Did not stop after one retry of a 401 and report the error",
        expected="one attempt, at most a second with a renewed credential, then a reported error",
        source="RFC 9110 section 15.5.2, RFC 6750 section 3.1",
        fix="Renew the credential at most once, and report the error if the provider refuses the new one too.",
        faults=(respond(401),),
        then=respond(401),
        expectations=(attempts_at_most(2), reports_failure),
    ),
)

TIMEOUTS: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=str(fault.action),
        item="resilience.timeouts",
        summary=summary,
        passed=f"Treated {short} as a failure in time",
        failed=f"Did not treat {short} as a failure in time",
        expected="the client gives up the call within [client] policy.answer_within, then retries or fails",
        source=retries.BACKOFF,
        fix="Give every call a deadline for the whole response, not only for its next byte.",
        faults=(fault,),
        expectations=(respects_deadline, rejects_partial_response),
    )
    for fault, summary, short in (
        (SILENCE, "a request that is never answered", "an endless silence"),
        (TRICKLE, "a response that arrives one byte at a time, without end", "a response that trickles without end"),
    )
)

CASES: tuple[ClientCase, ...] = (
    *RETRIES,
    *KEYS,
    *REFUSALS,
    *TIMEOUTS,
    *write_cases.CASES,
    *retries.CASES,
    *retry_after.CASES,
    *refusals.CASES,
    *timeouts.CASES,
    *integrity.CASES,
)

LIMITED_ONCE = ClientCase(
    id="limited-once",
    item=_RATE_LIMIT,
    summary="a 429 without Retry-After",
    passed="Retried a 429 without Retry-After once",
    failed="Did not retry a 429 without Retry-After once",
    expected="a second attempt",
    source=_RETRY_AFTER,
    fix=_HONOUR,
    concerns=None,
    faults=(respond(429),),
    expectations=(attempts_exactly(2),),
)
"""Not a case: it provokes one retry, for checks that count retries."""

UNDISTURBED = ClientCase(
    id="undisturbed",
    item=_RETRIES,
    summary="no fault",
    passed="Completed the workflow without a fault",
    failed="Did not complete the workflow without a fault",
    expected="success",
    source="the integration guide, Core workflow",
    fix=_BACK_OFF,
    concerns=None,
    faults=(),
    expectations=(succeeds,),
)
"""Not a case either: the plain workflow, for checks of what it causes."""
