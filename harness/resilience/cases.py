"""Client cases as data: each row says how the provider misbehaves, and what the client owes it."""

from __future__ import annotations

import msgspec

from harness.resilience.expectations import (
    Expectation,
    attempts_bounded,
    attempts_exactly,
    grows,
    pauses,
    succeeds,
    surfaces,
    waits_at_least,
)
from harness.resilience.faults import CLOSE, RESET, Fault, respond

_RETRIES, _RATE_LIMIT = "resilience.retries", "resilience.rate-limit"
_BACKOFF = "AWS Builders' Library, Timeouts, retries and backoff with jitter"
_RETRY_AFTER = "RFC 9110 section 10.2.3, RFC 6585 section 4"


class ClientCase(msgspec.Struct, frozen=True, kw_only=True):
    """One scripted misbehaviour, met by the first calls of the client's workflow."""

    id: str
    item: str
    summary: str
    expected: str
    source: str
    faults: tuple[Fault, ...]
    then: Fault | None = None
    """Met by all later calls; None passes them on to the real provider."""
    expectations: tuple[Expectation, ...]
    confirm: bool = False
    """A failure counts only when a second run fails too: what is expected depends on chance, as jitter does."""


CASES: tuple[ClientCase, ...] = (
    ClientCase(
        id="unavailable-twice",
        item=_RETRIES,
        summary="503 twice, then all is well",
        expected="three attempts with pauses between them, and success",
        source=_BACKOFF,
        faults=(respond(503), respond(503)),
        expectations=(attempts_exactly(3), pauses, succeeds),
    ),
    ClientCase(
        id="reset-once",
        item=_RETRIES,
        summary="the connection is reset once, before an answer",
        expected="a second attempt after a pause, and success",
        source=_BACKOFF,
        faults=(RESET,),
        expectations=(attempts_exactly(2), pauses, succeeds),
    ),
    ClientCase(
        id="closed-once",
        item=_RETRIES,
        summary="the connection is closed once, before an answer",
        expected="a second attempt, and success",
        source=_BACKOFF,
        faults=(CLOSE,),
        expectations=(attempts_exactly(2), succeeds),
    ),
    ClientCase(
        id="unavailable-for-good",
        item=_RETRIES,
        summary="503 for ever",
        expected="a bounded number of attempts with growing pauses, then the error surfaces",
        source=_BACKOFF,
        faults=(respond(503),),
        then=respond(503),
        expectations=(attempts_bounded, pauses, grows, surfaces),
        confirm=True,
    ),
    ClientCase(
        id="limited-with-seconds",
        item=_RATE_LIMIT,
        summary="429 with Retry-After: 2",
        expected="a second attempt no earlier than 2 s, and success",
        source=_RETRY_AFTER,
        faults=(respond(429, retry_after_s=2),),
        expectations=(waits_at_least(1.95), attempts_exactly(2), succeeds),
    ),
    ClientCase(
        id="limited-with-date",
        item=_RATE_LIMIT,
        summary="429 with Retry-After as a date in 3 s",
        expected="a second attempt no earlier than the date, and success",
        source=_RETRY_AFTER,
        faults=(respond(429, retry_after_s=3, as_date=True),),
        # An HTTP-date has whole seconds, so up to one second of the three is rounded away.
        expectations=(waits_at_least(1.9), attempts_exactly(2), succeeds),
    ),
)

LIMITED_ONCE = ClientCase(
    id="limited-once",
    item=_RATE_LIMIT,
    summary="429 without Retry-After",
    expected="a second attempt",
    source=_RETRY_AFTER,
    faults=(respond(429),),
    expectations=(attempts_exactly(2),),
)
"""No case of its own: what provokes one retry, for those who want to see it counted."""

UNDISTURBED = ClientCase(
    id="undisturbed",
    item=_RETRIES,
    summary="no fault at all",
    expected="success",
    source="the integration guide, Core workflow",
    faults=(),
    expectations=(succeeds,),
)
"""No case of its own either: the workflow as it is, for those who want to see what it brings about."""
