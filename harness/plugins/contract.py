"""Fixtures for the contract: the loaded spec, and a provider to try it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.plugins.provider_limits import skip_at_wrong_path, skip_without_probes
from harness.plugins.stash import context_key, is_worker, runs_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.context.run_context import RunContext
    from harness.contract.caller import Caller
    from harness.contract.credential_forms import Credential
    from harness.contract.credentials import Secured
    from harness.contract.link_crawler import LinkCrawler
    from harness.contract.rejection import SecuredCalls
    from harness.model import Finding
    from harness.openapi.spec_document import Spec
    from harness.plugins.findings import Findings


@pytest.hookimpl(trylast=True)  # after the core plugin has read harness.toml
def pytest_configure(config: pytest.Config) -> None:
    """Register what generates requests, catches the provider's webhooks, fakes a provider, and counts calls."""
    from harness.plugins import coverage_section, fake_providers, fuzzing, webhook_catcher

    config.pluginmanager.register(fuzzing, "harness-fuzzing")
    config.pluginmanager.register(fake_providers, "harness-fake-providers")
    config.pluginmanager.register(webhook_catcher, "harness-sent")
    config.pluginmanager.register(coverage_section, "harness-coverage")
    coverage_section.register(config)
    if runs_suite(config) and not is_worker(config):
        from harness.plugins import fuzz_progress

        config.pluginmanager.register(fuzz_progress.FuzzProgress(config), "harness-fuzz-progress")


def pytest_report_header(config: pytest.Config) -> str | None:
    """State what made-up requests may do at the provider."""
    run_context = config.stash.get(context_key, None)
    if run_context is None or run_context.config.provider is None or not runs_suite(config):
        return None
    from harness.context.request_line import in_one_line
    from harness.errors import HarnessError

    try:
        return in_one_line(run_context)
    except HarnessError:
        return None  # which ends the run with its message


@pytest.fixture
def spec(run_context: RunContext, require: Callable[..., None]) -> Spec:
    """The provider's OpenAPI document."""
    require("provider.spec")
    return run_context.spec


@pytest.fixture
def credential(run_context: RunContext, require: Callable[..., None]) -> Credential:
    """The credential that calls to the provider send."""
    require("provider.auth")
    assert run_context.credential is not None
    return run_context.credential


@pytest.fixture
def secured(run_context: RunContext, require: Callable[..., None]) -> Iterator[Secured]:
    """What may be read at the provider to see whether a credential works."""
    require("provider.spec", "provider.base_url")
    if run_context.provider.section.whoami is None:
        skip_without_probes(run_context)
    with run_context.provider.client() as client:
        yield run_context.provider.secured(client)


@pytest.fixture
def secured_calls(secured: Secured, run_context: RunContext, request: pytest.FixtureRequest) -> SecuredCalls:
    """Calls of the secured operations, at real resources: those of a crawl, where something may be created."""
    from harness.contract.rejection import SecuredCalls

    def explore() -> None:
        if not run_context.target.production:
            request.getfixturevalue("shared_walk")

    return SecuredCalls(secured, run_context.provider.caller(secured.client), explore)


@pytest.fixture
def credential_watched(credential_asked: None, run_context: RunContext) -> None:  # noqa: ARG001 - it asks
    """Skips the test where the credential no longer works: no answer would show anything."""
    provider = run_context.provider if run_context.config.provider else None
    if provider and provider.credential_state and (lost := provider.credential_state.lost):
        pytest.skip(lost)


@pytest.fixture(scope="module")
def credential_asked(run_context: RunContext, request: pytest.FixtureRequest) -> Iterator[None]:
    """Asks before and after the tests of a module whether the test credential works."""
    if run_context.target.missing(("provider.spec", "provider.base_url", "provider.auth")):
        yield
        return
    from harness.contract.credential_watch import CredentialWatch

    assert run_context.credential is not None
    group = request.path.stem
    with run_context.provider.client() as client:
        watch = CredentialWatch(run_context.run.path, run_context.provider.secured(client), run_context.credential)
        watch.ask(f"before {group}")
        yield
        watch.ask(f"after {group}")


@pytest.hookimpl(optionalhook=True)  # unknown where harness-core is switched off
def pytest_harness_final_findings(config: pytest.Config, context: RunContext) -> list[Finding]:
    """Judge whether the test credential still works after all checks."""
    from harness.context.whole_run import judge_credential
    from harness.plugins.final_findings import whole_run

    return judge_credential(context, whole_run(config))


@pytest.fixture(scope="session")
def provider_callable(run_context: RunContext, require: Callable[..., None]) -> None:
    """Skips a test where the harness may make no valid calls to the provider."""
    require("provider.spec", "provider.base_url")
    if run_context.target.production:
        pytest.skip("[target] environment is production, where nothing is created")
    skip_without_probes(run_context)
    skip_at_wrong_path(run_context)


@pytest.fixture
def new_caller(run_context: RunContext, provider_callable: None) -> Iterator[Callable[[], Caller]]:  # noqa: ARG001
    """Returns a new `Caller`, which makes valid calls to the provider and collects responses that violate the spec."""
    with run_context.provider.client() as client:
        yield lambda: run_context.provider.caller(client)


@pytest.fixture
def caller(new_caller: Callable[[], Caller], findings: Findings) -> Iterator[Caller]:
    """Makes valid calls to the provider; responses that violate the spec become findings of the test."""
    made = new_caller()
    yield made
    findings.extend(made.findings())


@pytest.fixture
def walk(new_caller: Callable[[], Caller], fuzz_seed: int) -> LinkCrawler:
    """A crawl of the provider's links, made before the test."""
    from harness.contract.link_crawler import LinkCrawler

    walk = LinkCrawler(new_caller(), random_seed=fuzz_seed)
    walk.run()
    return walk


@pytest.fixture(scope="session")
def shared_walk(run_context: RunContext, provider_callable: None, fuzz_seed: int) -> LinkCrawler:  # noqa: ARG001
    """A crawl of the provider's links, made once; one test alone reports what went wrong on it."""
    from harness.contract.link_crawler import LinkCrawler

    with run_context.provider.client() as client:
        walk = LinkCrawler(run_context.provider.caller(client), random_seed=fuzz_seed)
        walk.run()
    return walk
