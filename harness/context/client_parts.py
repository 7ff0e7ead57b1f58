"""From a target to its client under test: the command, behind a fault server and the real provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.resilience.fault_server import KEY_HEADERS
from harness.resilience.runner import ClientUnderTest

if TYPE_CHECKING:
    import httpx

    from harness.context.run_context import RunContext

NEEDS = ("client.command", "provider.base_url")
"""Keys of harness.toml that name the client and the provider."""
LOG = "client"
"""Stem of the file that takes its output."""


def client_of(run_context: RunContext, *, http: httpx.Client | None = None) -> ClientUnderTest:
    """Return the target's client; only where ``[client] command`` and ``[provider] base_url`` are set.

    ``http`` reaches the provider; by default it is the run's client.
    """
    client = run_context.config.client
    assert client is not None
    return ClientUnderTest(
        command=client.command,
        env=run_context.environment(client.env, "[client] env"),
        cwd=run_context.target.root,
        timeout_s=client.timeout,
        policy=client.policy,
        log=run_context.processes.logs / f"{LOG}{run_context.processes.log_suffix}.log",
        upstream=run_context.provider.section.base_url,
        http=http or run_context.client,
        key_headers=(client.idempotency_header,) if client.idempotency_header else KEY_HEADERS,
    )
