"""`client_under_faults`: the user's client, run once against a provider that misbehaves on script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model import Finding
    from harness.plugins.world import World
    from harness.resilience.cases import ClientCase


@pytest.fixture
def client_under_faults(world: World, require: Callable[..., None]) -> Callable[[ClientCase], Finding]:
    """Run one client case: ``[client] command`` under the fault server, in front of the real provider."""
    require("client.command", "provider.base_url")
    if world.target.production:
        pytest.skip("[target] environment is production, where no faults are injected")
    from harness.resilience.runner import run_case

    client, provider = world.config.client, world.config.provider
    assert client is not None
    assert provider is not None

    def run(case: ClientCase) -> Finding:
        return run_case(
            case,
            upstream=provider.base_url,
            client=world.client,
            command=client.command,
            env=world.environment(client.env),
            cwd=world.target.root,
            timeout_s=client.timeout,
            policy=client.policy,
            log=world.logs / "client.log",
            reproduce=world.reproduce(f"::test_the_client_copes_with_a_fault[{case.id}]"),
        )

    return run
