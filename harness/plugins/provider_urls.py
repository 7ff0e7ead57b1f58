"""`provider_url`: an address before the provider, at which the harness sees the calls of every client."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from harness.plugins.stash import context_key, findings_key, is_live, live_calls_key

if TYPE_CHECKING:
    from harness.cassettes.record.provider_proxy import ProviderProxy
    from harness.context.run_context import RunContext
    from harness.http.message import Exchange

proxy_key: pytest.StashKey[ProviderProxy] = pytest.StashKey()
"""On the configuration: what runs before the provider since a test asked for it."""


@pytest.fixture(scope="session")
def provider_url(pytestconfig: pytest.Config, run_context: RunContext, require: Callable[..., None]) -> Iterator[str]:
    """The provider's base URL for your own client: in a live run that of a proxy which shows its calls to the harness.

    They count as those of the test during which they begin. In replay it is ``[provider] base_url`` itself.
    """
    require("provider.spec", "provider.base_url")
    base_url = run_context.provider.section.base_url
    if not is_live(pytestconfig):
        yield base_url
        return
    from harness.cassettes.record.provider_proxy import ProviderProxy

    with ProviderProxy(base_url, production=run_context.target.production) as proxy:
        pytestconfig.stash[proxy_key] = proxy
        yield proxy.url
        del pytestconfig.stash[proxy_key]


@pytest.hookimpl(wrapper=True, trylast=True)  # innermost: what is found here still fails the test
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """When the test's body has ended, hold what its clients exchanged against the document."""
    try:
        yield
    finally:
        proxy, calls = item.config.stash.get(proxy_key, None), item.stash.get(live_calls_key, None)
        if proxy is not None and calls is not None:
            exchanges = proxy.taken(calls.began)
            calls.passed_on(exchanges)
            _judge(item, exchanges)


def _judge(item: pytest.Item, exchanges: Sequence[Exchange]) -> None:
    from harness.contract.conformance import judge_exchanges

    run_context = item.config.stash[context_key]
    below = urlsplit(run_context.provider.section.base_url).path.rstrip("/") + "/"
    described = [e for e in exchanges if e.request.path.startswith(below)]
    item.stash[findings_key].extend(judge_exchanges(run_context.spec, described, item="workflow.contract"))
