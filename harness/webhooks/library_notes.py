"""Notes about receivers: what nobody would correct, because the vendor's own library accepts it too."""

from __future__ import annotations

import msgspec

from harness.model import Finding, Outcome
from harness.webhooks.cases import ReceiverCase
from harness.webhooks.schemes import Scheme
from harness.webhooks.schemes.own_libraries import accepting_libraries


def noted(finding: Finding, case: ReceiverCase, scheme: Scheme) -> Finding:
    """Return the finding of a case, as a note where the receiver accepted what a library of the vendor accepts."""
    names = accepting_libraries(scheme.name, case.id)
    if not names or finding.outcome is not Outcome.FAIL or not finding.summary.startswith(case.failed):
        return finding
    return msgspec.structs.replace(
        finding, note=f"accepted by {' and '.join(names)} too, which no user of that library can change"
    )
