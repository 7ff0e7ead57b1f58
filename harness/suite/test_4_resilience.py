"""Step 4, retries and failures: what the client does, as a misbehaving provider sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.resilience.client_cases import CASES
from harness.resilience.client_drills import DRILLS
from harness.suite.rows import each

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model import Finding
    from harness.plugins.findings import Findings
    from harness.resilience.client_case import ClientCase
    from harness.resilience.client_drill import ClientDrill


@pytest.mark.usefixtures("spec")
@each("case", CASES)
def test_the_client_handles_a_fault(
    case: ClientCase, client_under_faults: Callable[[ClientCase], Finding], findings: Findings
) -> None:
    """The client, run against a provider that follows a script of faults, retries as it should and no more."""
    findings.add(client_under_faults(case))


@pytest.mark.usefixtures("spec")
@each("case", DRILLS)
def test_the_client_passes_a_drill(
    case: ClientDrill, client_under_faults: Callable[[ClientDrill], Finding], findings: Findings
) -> None:
    """Several runs of the client follow a plan, and what the provider has then is judged too."""
    findings.add(client_under_faults(case))
