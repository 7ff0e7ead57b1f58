"""When a failed attempt is repeated, and after how long: data about the failure in, a pause or none out."""

from __future__ import annotations

import email.utils
import random
import time
from dataclasses import dataclass

from harness.sandbox.defects import Planted

SHORTEST_S = 0.03
"""Full jitter, but never without a pause between attempts."""
GROWTH = 3
UNAVAILABLE = frozenset({500, 502, 503, 504})
BUSY = frozenset({408, 409, 425, 429})
"""Statuses of calls that are not done yet: 409 is a call with the same key that is still being answered."""

GIVEN_UP = {
    "client-retries-503-alone": frozenset({500, 502, 504}),
    "client-gives-up-on-408-and-425": frozenset({408, 425}),
    "client-gives-up-on-409": frozenset({409}),
}
"""Statuses that a planted defect takes for final."""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How calls are repeated; all times in seconds."""

    max_attempts: int = 5
    first_delay: float = 0.15
    max_delay: float = 4.0
    retry_after_cap: float = 30.0
    """A longer Retry-After is not waited for: the error surfaces."""
    deadline: float = 45.0
    """Of a call, with all its attempts and pauses."""
    connect: float = 3.0
    read: float = 4.0
    """Of silence."""
    attempt: float = 8.0
    """Of one attempt as a whole, so that a server that dribbles cannot hold it."""


class AttemptError(Exception):
    """One attempt that failed."""

    def __init__(
        self, trouble: str, *, number: int, status: int = 0, retry_after: str = "", ambiguous: bool = True
    ) -> None:
        """``retry_after`` is that header; ``ambiguous`` is true if the product may have executed the call."""
        super().__init__(trouble)
        self.number = number
        self.status = status
        self.retry_after = retry_after
        self.ambiguous = ambiguous


def pause(
    failure: AttemptError, policy: RetryPolicy, *, repeatable: bool, left_s: float, planted: Planted
) -> float | None:
    """Return the seconds to wait before the next attempt, None when there must be none.

    ``repeatable`` is true if the call may safely arrive twice: it changes nothing, or it has an idempotency key.
    """
    endless = "client-retries-without-end" in planted or _is_uncounted(failure, planted)
    if failure.number >= (40 if endless else policy.max_attempts):
        return None
    if not _worth_it(failure, repeatable=repeatable, planted=planted):
        return None
    wait = 0.0 if endless else _backoff(failure.number, policy, planted)
    heeded = (429,) if "client-ignores-retry-after-of-503" in planted else (429, 503)
    asked_s = retry_after_s(failure.retry_after, planted) if failure.status in heeded else None
    if asked_s is not None:
        if asked_s > policy.retry_after_cap and "client-waits-for-hours" not in planted:
            return None
        wait = asked_s if failure.status == 429 else max(asked_s, wait)
    return wait if wait < left_s or "client-waits-for-hours" in planted else None


def retry_after_s(text: str, planted: Planted) -> float | None:
    """Read Retry-After in seconds or as a date (RFC 9110 section 10.2.3); None when it is of no use."""
    if "client-ignores-retry-after" in planted or not text:
        return None
    if text.isdecimal() and text.isascii() and len(text) < 10:
        return float(text) / (1000 if "client-reads-retry-after-as-milliseconds" in planted else 1)
    if "client-ignores-retry-after-dates" in planted:
        return None
    try:
        wait = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        if "client-fails-with-unreadable-retry-after" in planted:
            raise
        return None
    if wait < 0 and "client-fails-with-past-retry-after" in planted:
        raise ValueError("sleep length must be non-negative")
    return max(0.0, wait)


def _is_uncounted(failure: AttemptError, planted: Planted) -> bool:
    return failure.status == 429 and not failure.retry_after and "client-counts-no-429s" in planted


def _worth_it(failure: AttemptError, *, repeatable: bool, planted: Planted) -> bool:
    status = failure.status
    if status == 429:
        return "client-never-retries-429" not in planted
    if any(defect in planted and status in statuses for defect, statuses in GIVEN_UP.items()):
        return False
    if "client-never-retries" in planted or ("client-gives-up-on-broken-connections" in planted and not status):
        return False
    if status >= 300 and status not in UNAVAILABLE | BUSY:
        return (
            (status in (400, 422) and "client-retries-bad-requests" in planted)
            or (status == 401 and "client-retries-401" in planted)
            or (status in (405, 410) and "client-retries-what-is-gone" in planted)
        )
    if status == 503 and "client-repeats-unkeyed-writes-after-503" in planted:
        return True
    return repeatable or not failure.ambiguous or "client-retries-unkeyed-writes" in planted


def _backoff(number: int, policy: RetryPolicy, planted: Planted) -> float:
    """Return a delay anywhere below a bound that grows with each attempt (full jitter, AWS Builders' Library)."""
    if "client-hammers" in planted:
        return 0.0
    if "client-retries-at-fixed-intervals" in planted:
        return policy.first_delay
    longest = min(policy.max_delay, policy.first_delay * GROWTH ** (number - 1))
    return random.uniform(min(SHORTEST_S, longest), longest)  # noqa: S311 - jitter is no secret
