"""The user's client against a provider that misbehaves by script: `client_under_faults`, and `fault_server`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import asking_items, parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.context.client_checks import ClientChecks
    from harness.context.run_context import RunContext
    from harness.model import Attempt, Finding
    from harness.resilience.client_case import ClientCase
    from harness.resilience.client_process import ClientRun
    from harness.resilience.credential_leak import TransportCase
    from harness.resilience.fault_words import FaultRule
    from harness.resilience.faults import Fault
    from harness.resilience.scripted_server import ScriptedServer

MARK = "faults"
rules_key: pytest.StashKey[tuple[FaultRule, ...]] = pytest.StashKey()
"""On a test with that mark: its faults."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(line, ...): faults that calls to the fixture `fault_server` meet, as `harness faults --help` has them",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Read the faults of each test; raises `pytest.UsageError` for those that cannot be read, or that nothing meets."""
    for item in items:
        if marks := list(item.iter_markers(MARK)):
            item.stash[rules_key] = _rules(item, [line for mark in marks for line in mark.args])


def _rules(item: pytest.Item, lines: Sequence[object]) -> tuple[FaultRule, ...]:
    from harness.errors import ConfigurationError
    from harness.resilience.fault_words import rules_of

    if "fault_server" not in getattr(item, "fixturenames", ()):
        raise pytest.UsageError(
            f"{item.nodeid}: the mark {MARK} needs the fixture `fault_server`, whose calls meet the faults. Request it."
        )
    try:
        return rules_of([str(line) for line in lines], lambda n: f"{item.nodeid}: {MARK}({lines[n - 1]!r})")
    except ConfigurationError as exc:
        raise pytest.UsageError(str(exc)) from None


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
        context.spec.schema  # noqa: B018 - its libraries fail where two threads import them at once for the first time
        checks = ClientChecks.of(context)
        checks.begin(UNDISTURBED, *(parameters(item)["case"] for item in asking))


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


@pytest.fixture
def fault_server(
    request: pytest.FixtureRequest, run_context: RunContext, provider_url: str, require: Callable[..., None]
) -> Iterator[ScriptedServer]:
    """A server before the provider that misbehaves as ``@pytest.mark.faults`` of the test demands, and logs each call.

    Give its ``url`` to your client; ``attempts`` has what it saw.
    """
    require("provider.base_url")
    if run_context.target.production:
        pytest.skip("[target] environment is production, where no faults are injected")
    from harness.context.client_parts import error_bodies_of
    from harness.http.client import Network
    from harness.resilience.scripted_server import ScriptedServer

    bodies = error_bodies_of(run_context)
    rules = request.node.stash.get(rules_key, ())
    # Those who look at the answers of the run's own client would delay the first one; the proxy shows them anyhow.
    with (
        Network([provider_url]).client() as client,
        ScriptedServer(rules, client, upstream=provider_url, error_bodies=bodies) as server,
    ):
        yield server
    if server.errors:
        pytest.fail(f"fault_server: {server.errors[0]}", pytrace=False)
