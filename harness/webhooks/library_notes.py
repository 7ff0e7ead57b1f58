"""Notes about receivers: what nobody would correct, because the vendor's own library does the same."""

from __future__ import annotations

import msgspec

from harness.model import Finding, Outcome
from harness.webhooks.cases import ReceiverCase
from harness.webhooks.schemes import Scheme
from harness.webhooks.schemes.own_libraries import failing_libraries


def noted(finding: Finding, case: ReceiverCase, scheme: Scheme) -> Finding:
    """Return the finding of a case, as a note where the receiver does what a library of the vendor does."""
    names = failing_libraries(scheme.name, case.id)
    if not names or finding.outcome is not Outcome.FAIL or not finding.summary.startswith(case.failed):
        return finding
    do = f"{' and '.join(names)} {'does' if len(names) == 1 else 'do'}"
    return msgspec.structs.replace(finding, note=f"as {do}, which no user of that library can change")
