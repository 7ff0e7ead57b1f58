"""Step 2, core workflow: the provider holds its own contract. The scenarios themselves are the user's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.fuzzing.fuzzer import Fuzzer
    from harness.plugins.findings import Findings


@pytest.mark.verifies("contract.fuzz")
def test_chains_of_linked_operations_find_no_violation(walked: str, fuzzer: Fuzzer, findings: Findings) -> None:
    """Requests that use what earlier answers held get what the spec says."""
    findings.extend(fuzzer.run_stateful(walked))


@pytest.mark.verifies("contract.fuzz")
def test_generated_requests_find_no_violation(fuzzed: str, fuzzer: Fuzzer, findings: Findings) -> None:
    """Valid and invalid requests to an operation get what the spec says, and no server error."""
    for label in fuzzer.share(fuzzed):
        findings.extend(fuzzer.fuzz(label))
