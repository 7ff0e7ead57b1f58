"""Step 4, retries and failures: what the client does, as a misbehaving provider sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.resilience.client_cases import CASES
from harness.suite.rows import each

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model import Finding
    from harness.plugins.findings import Findings
    from harness.resilience.client_cases import ClientCase


@pytest.mark.usefixtures("spec")
@each("case", CASES)
def test_the_client_handles_a_fault(
    case: ClientCase, client_under_faults: Callable[[ClientCase], Finding], findings: Findings
) -> None:
    """The client, run against a provider that follows a script of faults, retries as it should and no more."""
    findings.add(client_under_faults(case))
