"""`client_under_faults`: the user's client, run once against a provider that misbehaves on script."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import asking_items, parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.context.client_checks import ClientChecks
    from harness.context.run_context import RunContext
    from harness.model import Attempt, Finding
    from harness.resilience.client_cases import ClientCase
    from harness.resilience.client_process import ClientRun
    from harness.resilience.credential_leak import TransportCase
    from harness.resilience.faults import Fault


@pytest.hookimpl(optionalhook=True)  # unknown where harness-core is switched off
def pytest_harness_begin(session: pytest.Session, context: RunContext) -> None:
    """Run the client beside the tests, for each case that several of them will ask for."""
    asking = [item for item in asking_items(session, "_client") if "case" in parameters(item)]
    if len(asking) < 2 or context.target.production:
        return
    from harness.context.client_checks import ClientChecks
    from harness.context.client_parts import NEEDS
    from harness.errors import HarnessError
    from harness.resilience.client_cases import UNDISTURBED

    if context.target.missing((*NEEDS, "provider.spec", "provider.auth")):
        return
    with suppress(HarnessError):  # which the tests report
        checks = ClientChecks.of(context)
        for case in (UNDISTURBED, *(parameters(item)["case"] for item in asking)):
            checks.begin(case)


@pytest.fixture
def _client(run_context: RunContext, require: Callable[..., None]) -> ClientChecks:
    """``[client] command`` behind the fault server and the real provider."""
    from harness.context.client_checks import ClientChecks
    from harness.context.client_parts import NEEDS

    require(*NEEDS)
    if run_context.target.production:
        pytest.skip("[target] environment is production, where no faults are injected")
    return ClientChecks.of(run_context)


@pytest.fixture
def client_under_faults(_client: ClientChecks) -> Callable[[ClientCase], Finding]:
    """Runs one client case: ``[client] command`` against the fault server, which stands before the real provider."""
    return _client.result


@pytest.fixture
def client_run(_client: ClientChecks) -> Callable[[Sequence[Fault]], tuple[tuple[Attempt, ...], ClientRun]]:
    """Runs ``[client] command`` once; its first calls meet the given faults. Returns its calls and how it ended."""
    return _client.run


@pytest.fixture
def client_transport(_client: ClientChecks, require: Callable[..., None]) -> Callable[[TransportCase], Finding]:
    """Runs ``[client] command`` once and checks where it sends its credential."""
    require("provider.auth")
    return _client.result
