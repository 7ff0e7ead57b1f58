"""Step 2, core workflow: the provider follows its own spec. The scenarios themselves are the user's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.fuzzing.fuzzer import Fuzzer
    from harness.plugins.findings import Findings

# Calls may act on whatever they find at the provider, such as the client's objects, and exhaust a limit of its rate.
pytestmark = pytest.mark.usefixtures("client_at_rest", "credential_watched")


@pytest.mark.verifies("contract.fuzz")
def test_chains_of_linked_operations_find_no_violation(walked: str, fuzzer: Fuzzer, findings: Findings) -> None:
    """Requests built from earlier responses get responses that the spec allows."""
    findings.extend(fuzzer.run_stateful(walked))


@pytest.mark.verifies("contract.fuzz")
def test_generated_requests_find_no_violation(fuzzed: str, fuzzer: Fuzzer, findings: Findings) -> None:
    """Valid and invalid requests get responses that the spec allows, and no server error."""
    for label in fuzzer.share(fuzzed):
        findings.extend(fuzzer.fuzz(label))
