"""Step 4, retries and failures: what the client does, as a misbehaving provider sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.resilience.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model import Finding
    from harness.plugins.collecting import Findings
    from harness.resilience.cases import ClientCase


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id, marks=pytest.mark.verifies(c.item)) for c in CASES])
def test_the_client_copes_with_a_fault(
    case: ClientCase, client_under_faults: Callable[[ClientCase], Finding], findings: Findings
) -> None:
    """The client, run against a provider that misbehaves on script, retries as it should and no more."""
    findings.add(client_under_faults(case))
