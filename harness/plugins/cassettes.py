"""`api`, `async_api` and `cassette`: the provider as scenarios see it, recorded or live, held against the spec."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from harness.plugins.cassette_names import cassette_path, node_of
from harness.plugins.stash import context_key, findings_key, item_mode, live_calls_key

if TYPE_CHECKING:
    import httpx

    from harness.cassettes.play.scenario import ScenarioCassette
    from harness.cassettes.store.metadata import Metadata
    from harness.context.run_context import RunContext
    from harness.http.message import Exchange

cassette_key = pytest.StashKey["ScenarioCassette"]()
passed_key = pytest.StashKey[bool]()
"""Whether the test's body ended well, whatever its findings are."""
held_key = pytest.StashKey[bool]()
"""Whether the test passed altogether."""


@pytest.fixture
def api(_scenario_cassette: ScenarioCassette, run_context: RunContext, harness_mode: str) -> Iterator[httpx.Client]:
    """An `httpx.Client` on ``[provider] base_url`` with the credential; in replay mode the cassette answers."""
    with run_context.network.client(**_client_options(_scenario_cassette, run_context, harness_mode)) as client:
        yield client


@pytest.fixture
def async_api(_scenario_cassette: ScenarioCassette, run_context: RunContext, harness_mode: str) -> httpx.AsyncClient:
    """`api` for coroutines: an `httpx.AsyncClient` with the same modes and the same checks."""
    return run_context.network.async_client(**_client_options(_scenario_cassette, run_context, harness_mode))


def _client_options(cassette: ScenarioCassette, run_context: RunContext, mode: str) -> dict[str, Any]:
    base_url = run_context.provider.section.base_url
    if mode != "replay":
        return {"base_url": base_url, **run_context.provider.credentials.client_options()}
    from harness.cassettes.play.replay_transport import ReplayTransport

    return {"base_url": base_url, "transport": ReplayTransport(cassette)}


@pytest.fixture
def cassette(_scenario_cassette: ScenarioCassette, harness_mode: str) -> Iterator[ScenarioCassette]:
    """The test's cassette; all HTTP clients that vcrpy supports go through it, those of your own code included."""
    with ExitStack() as stack:
        if harness_mode == "replay":  # in the other modes everything goes through it anyhow
            stack.enter_context(_scenario_cassette.patched())
        yield _scenario_cassette


@pytest.fixture
def _scenario_cassette(
    request: pytest.FixtureRequest, run_context: RunContext, harness_mode: str, require: Callable[..., None]
) -> Iterator[ScenarioCassette]:
    require("provider.spec", "provider.base_url")
    from harness.cassettes.play.scenario import CassetteMode

    mode = CassetteMode(harness_mode)
    cassette = _open(request.node, run_context, mode)
    request.node.stash[cassette_key] = cassette
    with ExitStack() as stack:
        if mode is CassetteMode.REPLAY:
            from harness.http.client import offline

            stack.enter_context(offline())
        else:
            run_context.provider.credentials.ask_tokens()  # here, where nothing records it
            stack.enter_context(cassette.patched())
        yield cassette
    if _may_keep(request.node, cassette.stored):
        cassette.save(_metadata(request.node, run_context))


@pytest.hookimpl(trylast=True)  # after the core plugin has read harness.toml
def pytest_configure(config: pytest.Config) -> None:
    """Offer `provider_url`, and check the cassettes that no test plays, where a target is described."""
    from harness.plugins import provider_urls

    config.pluginmanager.register(provider_urls, "harness-provider-urls")
    if context_key in config.stash:
        from harness.plugins import cassette_inventory

        config.pluginmanager.register(cassette_inventory, "harness-stray-cassettes")
        if config.stash[context_key].config.provider and config.stash[context_key].config.target.scenarios:
            from harness.plugins import foreign_cassettes

            config.pluginmanager.register(foreign_cassettes, "harness-foreign-cassettes")


@pytest.hookimpl(wrapper=True, trylast=True)  # innermost: what is found here still fails the test
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """When the test's body has ended, judge what went through its cassette."""
    passed = False
    try:
        yield
        passed = True
    finally:
        item.stash[passed_key] = passed
        cassette = item.stash.get(cassette_key, None)
        if cassette is not None:
            cassette.settle()
            if live_calls_key in item.stash:
                item.stash[live_calls_key].note(cassette.sent)
            _judge(item, cassette, passed=passed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test passed, findings and all: a test that failed does not touch a good cassette."""
    report = yield
    if report.when == "call":
        item.stash[held_key] = report.passed
    return report


def _open(item: pytest.Item, run_context: RunContext, mode: Any) -> ScenarioCassette:
    from harness.cassettes.play.matching import matchers_for
    from harness.cassettes.play.scenario import CassetteMode, ScenarioCassette
    from harness.cassettes.store.parse_cache import FOLDER

    root, network = run_context.target.root, run_context.network
    path = cassette_path(item, root)
    stored = path.existing(root)
    if stored != path.current:
        item.warn(_former_name(stored, path.current))

    def guard(method: str, url: str) -> None:
        import httpx

        network.check(method, httpx.URL(url))

    return ScenarioCassette(
        root / path.current,
        mode,
        stored=root / stored,
        match_on=matchers_for(run_context.config.cassettes.match_on, provider=_provider_hosts(run_context)),
        redact=run_context.vault.redact_whole,
        guard=guard,
        again=_again(item, "record" if mode is CassetteMode.REPLAY and not (root / stored).exists() else "rewrite"),
        place=stored if mode in (CassetteMode.REPLAY, CassetteMode.VERIFY) else path.current,
        cache=root / FOLDER,
        key_names=run_context.provider.credentials.key_names,
    )


def _former_name(stored: str, current: str) -> pytest.PytestWarning:
    return pytest.PytestDeprecationWarning(
        f"{stored} uses an old naming scheme, in which tests may share a file; its name is now {current}. "
        "Rename it with: harness cassettes migrate"
    )


def _judge(item: pytest.Item, cassette: ScenarioCassette, *, passed: bool) -> None:
    from harness.cassettes.checks.secret_scan import judge_exposure
    from harness.cassettes.checks.staleness import judge_replay
    from harness.cassettes.checks.verify import judge_verify
    from harness.contract.conformance import judge_exchanges

    run_context, findings = item.config.stash[context_key], item.stash[findings_key]
    again, settings = _again(item, "rewrite"), run_context.config.cassettes
    replayed = item_mode(item, item.config) == "replay"
    findings.extend(judge_replay(cassette, again=again, max_age_s=settings.max_age, passed=passed))
    if replayed:
        findings.extend(
            judge_exposure(cassette.data, cassette.place, known=run_context.vault.redact_whole, again=again)
        )
    if passed:  # where a scenario broke off, calls that it did not make prove nothing
        for finding in judge_verify(cassette, rules=settings.volatile, again=again):
            findings.add(finding, recorded=True)
    about = "workflow.recorded" if replayed else "workflow.contract"
    exchanges = _with_provider(cassette.seen(), run_context)
    findings.extend(judge_exchanges(run_context.spec, exchanges, item=about, recorded=replayed))


def _with_provider(exchanges: Iterator[Exchange], run_context: RunContext) -> Iterator[Exchange]:
    """Yield the exchanges with the provider; the spec does not describe other hosts."""
    provider = urlsplit(run_context.provider.section.base_url).hostname
    for exchange in exchanges:
        if urlsplit(exchange.request.url).hostname == provider:
            yield exchange


def _may_keep(item: pytest.Item, path: Path) -> bool:
    """Whether a recording is written: a test that failed does not touch a good one.

    A scenario that ended well while the provider broke the spec is stored where no recording exists: that is how the
    provider answers, and playing it back reports it again.
    """
    return item.stash.get(held_key, False) or (item.stash.get(passed_key, False) and not path.exists())


def _metadata(item: pytest.Item, run_context: RunContext) -> Metadata:
    import hashlib

    import msgspec

    from harness.cassettes.store.filters import without_port
    from harness.cassettes.store.metadata import Metadata, now

    spec = msgspec.json.encode(run_context.spec.raw, order="sorted")
    return Metadata(
        recorded_at=now(),
        scenario=node_of(item),
        spec_digest=hashlib.sha256(spec).hexdigest(),
        base_url=without_port(run_context.provider.section.base_url),
    )


def _again(item: pytest.Item, mode: str) -> str:
    return f"pytest --harness-mode={mode} {shlex.quote(node_of(item))}"


def _provider_hosts(run_context: RunContext) -> set[str]:
    from harness.http.message import LOOPBACK

    host = urlsplit(run_context.provider.section.base_url).hostname
    return {*LOOPBACK, *([host] if host else [])}
