"""`client_under_faults`: the user's client, run once against a provider that misbehaves on script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.context.run_context import RunContext
    from harness.model import Attempt, Finding
    from harness.resilience.client_cases import ClientCase
    from harness.resilience.client_process import ClientRun
    from harness.resilience.credential_leak import TransportCase
    from harness.resilience.faults import Fault
    from harness.resilience.runner import ClientUnderTest, UndisturbedRun


@pytest.fixture(scope="session")
def _undisturbed() -> UndisturbedRun:
    """The client's workflow without any fault, which runs once in each process where a check needs it."""
    from harness.resilience.runner import UndisturbedRun

    return UndisturbedRun()


@pytest.fixture
def _client(run_context: RunContext, require: Callable[..., None], _undisturbed: UndisturbedRun) -> ClientUnderTest:
    """``[client] command`` behind the fault server and the real provider."""
    require("client.command", "provider.base_url")
    if run_context.target.production:
        pytest.skip("[target] environment is production, where no faults are injected")
    from harness.context.client_parts import client_of

    return client_of(run_context, _undisturbed)


@pytest.fixture
def client_under_faults(_client: ClientUnderTest, run_context: RunContext) -> Callable[[ClientCase], Finding]:
    """Runs one client case: ``[client] command`` against the fault server, which stands before the real provider."""

    def run(case: ClientCase) -> Finding:
        return _client.check(case, reproduce=run_context.reproduce(f"::test_the_client_handles_a_fault[{case.id}]"))

    return run


@pytest.fixture
def client_run(_client: ClientUnderTest) -> Callable[[Sequence[Fault]], tuple[tuple[Attempt, ...], ClientRun]]:
    """Runs ``[client] command`` once; its first calls meet the given faults. Returns its calls and how it ended."""

    def run(faults: Sequence[Fault]) -> tuple[tuple[Attempt, ...], ClientRun]:
        server, ended = _client.run(faults)
        return server.attempts, ended

    return run


@pytest.fixture
def client_transport(
    run_context: RunContext,
    require: Callable[..., None],
    _client: ClientUnderTest,
) -> Callable[[TransportCase], Finding]:
    """Runs ``[client] command`` once and checks where it sends its credential."""
    require("provider.auth")
    from harness.resilience.credential_leak import Elsewhere, judge

    scanner = run_context.vault.scanner()

    def run(case: TransportCase) -> Finding:
        with Elsewhere() as elsewhere:
            server, ended = _client.run((elsewhere.fault(case.redirect),) if case.redirect else ())
        finding = judge(
            case,
            server.attempts,
            elsewhere.arrived,
            ended,
            lambda data: sorted({leak.secret for leak in scanner.scan_bytes(data, case.id)}),
            reproduce=run_context.reproduce(f"::test_the_clients_credential_stays_where_it_belongs[{case.id}]"),
        )
        return _client.proven(case, finding, ended)

    return run
