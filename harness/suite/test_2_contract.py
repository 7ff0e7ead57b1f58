"""Step 2, core workflow: the provider holds its own contract. The scenarios themselves are the user's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.contract.fuzz import BUDGETS, fuzz

if TYPE_CHECKING:
    from harness.contract.spec import Spec
    from harness.plugins.collecting import Findings
    from harness.plugins.world import World


@pytest.mark.verifies("contract.fuzz")
def test_generated_requests_find_no_violation(
    spec: Spec, world: World, fuzz_seed: int, findings: Findings, require: Any
) -> None:
    """Valid and invalid requests to every operation get what the spec says, and no server error."""
    require("provider.base_url")
    if world.target.production:
        pytest.skip("[target] environment is production, which is not fuzzed")
    assert world.config.provider is not None
    headers = world.credential.headers() if world.credential else {}
    with world.network.client(base_url=world.config.provider.base_url) as client:
        for operation in spec.operations:
            found = fuzz(operation, client=client, headers=headers, budget=BUDGETS["quick"], random_seed=fuzz_seed)
            findings.extend(found)
