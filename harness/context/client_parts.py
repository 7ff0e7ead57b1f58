"""From a target to its client under test: the command, behind a fault server and the real provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.resilience.runner import ClientUnderTest, UndisturbedRun

if TYPE_CHECKING:
    from harness.context.run_context import RunContext

LOG = "client"
"""Stem of the file that takes its output."""


def client_of(run_context: RunContext, undisturbed: UndisturbedRun | None = None) -> ClientUnderTest:
    """Return the target's client; only where ``[client] command`` and ``[provider] base_url`` are set.

    ``undisturbed`` is shared by all checks of one process.
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
        http=run_context.client,
        undisturbed=undisturbed or UndisturbedRun(),
    )
