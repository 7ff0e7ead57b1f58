"""Tests that play cassettes of their own through vcrpy: pytest-recording, pytest-vcr, `vcr.use_cassette`.

Where they are among the scenarios, their recordings count, in the places and with the configuration that they have.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugins.cassette_names import uses_cassette
from harness.plugins.stash import claims_key, context_key, findings_key, played_key

if TYPE_CHECKING:
    from harness.cassettes.play.opened_cassettes import OpenedCassette
    from harness.context.run_context import RunContext
    from harness.http.message import Exchange

MARKER = "vcr"
_opened_key: pytest.StashKey[list[OpenedCassette]] = pytest.StashKey()
_config_key: pytest.StashKey[Mapping[str, Any]] = pytest.StashKey()
_searched_key: pytest.StashKey[set[str]] = pytest.StashKey()
_HIDING = ("filter_query_parameters", "filter_post_data_parameters", "before_record_request", "before_record")
"""Keys of a configuration of vcrpy that take from a request what the document may require."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let every scenario with the marker of those plugins verify the recordings too."""
    for item in items:
        if item.get_closest_marker(MARKER) and _counts(item, config.stash[context_key]):
            item.add_marker(pytest.mark.verifies("workflow.recorded"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note the cassettes that a scenario opens."""
    may_open = item.get_closest_marker(MARKER) is not None or "vcr" in sys.modules
    if not may_open or not _counts(item, item.config.stash[context_key]):
        return (yield)
    from harness.cassettes.play.opened_cassettes import opened_cassettes

    with opened_cassettes() as item.stash[_opened_key]:
        return (yield)


@pytest.fixture(autouse=True)
def _vcr_configuration(request: pytest.FixtureRequest) -> None:
    """Note the test's configuration of vcrpy: what it filters out of requests is not missing in them."""
    markers = list(request.node.iter_markers(MARKER))
    if markers:
        try:
            config = dict(request.getfixturevalue("vcr_config"))
        except pytest.FixtureLookupError:  # neither plugin is there
            return
        for marker in reversed(markers):
            config |= marker.kwargs
        request.node.stash[_config_key] = config


@pytest.hookimpl(wrapper=True, trylast=True)  # innermost: what is found here still fails the test
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """When the test's body has ended, judge what it played and what its cassettes contain."""
    try:
        yield
    finally:
        for cassette in item.stash.get(_opened_key, ()):
            _judge(item, cassette)


def _counts(item: pytest.Item, run_context: RunContext) -> bool:
    """Whether the recordings of a test count: it is among the scenarios, and has no cassette of the harness."""
    root = run_context.target.root
    return not uses_cassette(item) and any(
        item.path.is_relative_to(root / folder) for folder in run_context.config.target.scenarios
    )


def _judge(item: pytest.Item, cassette: OpenedCassette) -> None:
    import msgspec

    from harness.contract.conformance import judge_exchanges
    from harness.model import Outcome
    from harness.readiness.live_evidence import as_recorded

    run_context, findings = item.config.stash[context_key], item.stash[findings_key]
    place = run_context.target.shown(cassette.path)
    _claim(item.config, place)
    _search(item, cassette, place)
    exchanges = list(_with_provider(cassette.played(), run_context))
    if not exchanges:
        return
    item.stash[played_key] = True
    config = item.stash.get(_config_key, None)
    found = judge_exchanges(
        run_context.spec, [_completed(e, config) for e in exchanges], item="workflow.recorded", recorded=True
    )
    for finding in found:
        if finding.check == "conforms" or _is_whole(config):
            findings.add(finding, recorded=True)
        if finding.check == "conforms" and finding.outcome is Outcome.PASS:
            findings.add(as_recorded(msgspec.structs.replace(finding, item="workflow.contract")), recorded=True)


def _search(item: pytest.Item, cassette: OpenedCassette, place: str) -> None:
    """Search a file for secrets, once in a process."""
    from harness.cassettes.checks.secret_scan import judge_exposure

    searched = item.config.stash.setdefault(_searched_key, set())
    if place not in searched:
        searched.add(place)
        known = item.config.stash[context_key].vault.redact_whole
        item.stash[findings_key].extend(judge_exposure(cassette.stored(), place, known=known))


def _claim(config: pytest.Config, place: str) -> None:
    from harness.model.part import Claims

    config.stash.setdefault(claims_key, Claims()).played.add(place)


def _is_whole(config: Mapping[str, Any] | None) -> bool:
    """Whether a recorded request has what was sent, but for headers that are named."""
    return config is not None and not any(config.get(key) for key in _HIDING)


def _completed(exchange: Exchange, config: Mapping[str, Any] | None) -> Exchange:
    """Return an exchange with the headers that the configuration takes out of its request."""
    import msgspec

    names = (name if isinstance(name, str) else name[0] for name in (config or {}).get("filter_headers", ()))
    filtered = ((name, "filtered") for name in names if not exchange.request.header(name))
    request = msgspec.structs.replace(exchange.request, headers=(*exchange.request.headers, *filtered))
    return msgspec.structs.replace(exchange, request=request)


def _with_provider(exchanges: Iterator[Exchange], run_context: RunContext) -> Iterator[Exchange]:
    """Yield the exchanges with the provider, at its base URL or at a server that the document names."""
    from urllib.parse import urlsplit

    from harness.http.message import LOOPBACK

    raw = run_context.spec.raw
    named = [server.get("url", "") for server in raw.get("servers", ()) if isinstance(server, dict)]
    urls = [run_context.provider.section.base_url, f"//{raw.get('host', '')}", *named]
    hosts = LOOPBACK | {urlsplit(str(url)).hostname for url in urls}
    for exchange in exchanges:
        if urlsplit(exchange.request.url).hostname in hosts:
            yield exchange
