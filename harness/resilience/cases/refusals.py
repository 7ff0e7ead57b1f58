"""Refusals that no repetition changes."""

from __future__ import annotations

from harness.resilience.client_case import ClientCase
from harness.resilience.expectations import attempts_exactly
from harness.resilience.faults import respond

CASES: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=f"refused-{status}",
        item="resilience.no-blind-retry",
        summary=f"a {status}, which a retry cannot fix",
        passed=f"Did not repeat a call that was answered with {status}",
        failed=f"Repeated a call that was answered with {status}",
        expected="one attempt",
        source=f"RFC 9110 section 15.5.{section}",
        fix="Do not send a refused request again: the same request gets the same answer.",
        faults=(respond(status),),
        expectations=(attempts_exactly(1),),
    )
    for status, section in ((405, 6), (410, 11))
)
