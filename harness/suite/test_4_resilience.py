"""Step 4, retries and failures: what the client does, as a misbehaving provider sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.contract.idempotency import promises_keys
from harness.resilience.client_cases import CASES
from harness.resilience.runner import not_applicable
from harness.suite.rows import each

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model import Finding
    from harness.openapi.spec_document import Spec
    from harness.plugins.findings import Findings
    from harness.resilience.client_cases import ClientCase

KEYLESS = "the spec declares no Idempotency-Key header; where the provider accepts one, declare it there"


@each("case", CASES)
def test_the_client_handles_a_fault(
    case: ClientCase, client_under_faults: Callable[[ClientCase], Finding], findings: Findings, spec: Spec
) -> None:
    """The client, run against a provider that follows a script of faults, retries as it should and no more."""
    keyless = case.item == "resilience.idempotency-keys" and not promises_keys(spec)
    findings.add(not_applicable(case, KEYLESS) if keyless else client_under_faults(case))
