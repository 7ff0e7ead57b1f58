"""How a client reads Retry-After, whatever a provider writes there."""

from __future__ import annotations

from harness.model import Level
from harness.resilience.client_case import ClientCase
from harness.resilience.expectations import CLOCK_S, attempts_exactly, pauses, succeeds, waits_as_asked
from harness.resilience.faults import respond
from harness.resilience.workflow_operations import repeatable_calls

ITEM = "resilience.rate-limit"
_SOURCE = "RFC 9110 section 10.2.3"
_READ = "Ignore a Retry-After that is neither seconds nor a date, and do not wait for a date that has passed."

UNREADABLE: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=case_id,
        item=ITEM,
        level=Level.SHOULD,
        summary=f"two 429s with a Retry-After that is {what}",
        passed=f"Recovered from a Retry-After that is {what}",
        failed=f"Did not recover from a Retry-After that is {what}",
        expected="three attempts with pauses between them, and success",
        source=_SOURCE,
        fix=_READ,
        concerns=repeatable_calls,
        faults=(respond(429, retry_after=value),) * 2,
        alone=True,
        expectations=(attempts_exactly(3), pauses, succeeds),
    )
    for case_id, what, value in (
        ("limited-with-a-word", "a word", "soon"),
        ("limited-with-a-negative", "negative", "-5"),
        ("limited-with-a-fraction", "a fraction", "0.5"),
    )
)

PAST = ClientCase(
    id="limited-with-a-past-date",
    item=ITEM,
    level=Level.SHOULD,
    summary="a 429 with a Retry-After of an hour ago",
    passed="Recovered from a Retry-After of an hour ago",
    failed="Did not recover from a Retry-After of an hour ago",
    expected="a second attempt, and success",
    source=_SOURCE,
    fix=_READ,
    concerns=repeatable_calls,
    faults=(respond(429, retry_after=-3600, as_date=True),),
    expectations=(attempts_exactly(2), succeeds),
)

UNAVAILABLE = ClientCase(
    id="unavailable-with-seconds",
    item=ITEM,
    level=Level.SHOULD,
    summary="a 503 with Retry-After: 2",
    passed="Followed a Retry-After after a 503",
    failed="Did not follow a Retry-After after a 503",
    expected="a second attempt no earlier than 2 s, and success",
    source="RFC 9110 section 15.6.4",
    fix="Wait as long as Retry-After asks after a 503 too, not only after a 429.",
    concerns=repeatable_calls,
    faults=(respond(503, retry_after=2),),
    expectations=(waits_as_asked(2, at_least=2 - CLOCK_S),),
)

CASES: tuple[ClientCase, ...] = (*UNREADABLE, PAST, UNAVAILABLE)
