"""Cassettes that no test of a run was played from: orphans, and recordings of clients elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugins.cassette_names import cassette_path, file_of, uses_cassette
from harness.plugins.stash import context_key, item_mode

if TYPE_CHECKING:
    from harness.cassettes.checks.orphaned_cassettes import Claims
    from harness.cassettes.store.metadata import Metadata
    from harness.context.run_context import RunContext
    from harness.http.message import Exchange
    from harness.model import Finding

claims_key = pytest.StashKey["Claims"]()
CLAIMS = "harness_cassettes"


@pytest.hookimpl(tryfirst=True)  # before any of them are deselected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note which cassettes belong to the tests that were collected; on a worker, report them to the controller."""
    run_context = config.stash.get(context_key, None)
    ours = [item for item in items if uses_cassette(item)]
    if run_context is None or not (ours or (run_context.target.root / "cassettes").is_dir()):
        return
    from harness.cassettes.checks.orphaned_cassettes import Claims

    root = run_context.target.root
    path_of = {item: cassette_path(item, root).existing(root) for item in ours}
    whole = not any("::" in str(argument) for argument in config.args)
    claims = Claims(
        played={path for item, path in path_of.items() if item_mode(item, config) == "replay"},
        claimed={*path_of.values(), *(cassette_path(item, root).current for item in ours)},
        files={str(file_of(item, root)) for item in items if item.path.is_relative_to(root)} if whole else set(),
    )
    config.stash[claims_key] = claims
    if hasattr(config, "workeroutput"):
        import msgspec

        config.workeroutput[CLAIMS] = msgspec.json.encode(claims).decode()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a pytest-xdist worker noted."""
    reported = getattr(node, "workeroutput", {}).get(CLAIMS)
    if reported:
        import msgspec

        from harness.cassettes.checks.orphaned_cassettes import Claims

        node.config.stash.setdefault(claims_key, Claims()).add(msgspec.json.decode(reported, type=Claims))


@pytest.hookimpl(optionalhook=True)  # unknown where harness-core is switched off
def pytest_harness_final_findings(config: pytest.Config, context: RunContext) -> list[Finding]:
    """Judge the cassettes that no test of this run was played from: orphans, and those of clients elsewhere."""
    claims = config.stash.get(claims_key, None)
    if claims is None or context.config.provider is None:
        return []
    return list(_judged_strays(context, claims))


def _judged_strays(run_context: RunContext, claims: Claims) -> Iterator[Finding]:
    import msgspec

    from harness.cassettes.checks.orphaned_cassettes import judge_stray, strays
    from harness.cassettes.store.parse_cache import FOLDER
    from harness.cassettes.store.vcr_messages import recorded_exchanges
    from harness.contract.conformance import judge_exchanges
    from harness.model import Finding, Mode, Outcome

    root, max_age = run_context.target.root, run_context.config.cassettes.max_age
    for stray in strays(root, claims, cache=root / FOLDER):
        if isinstance(stray, Finding):
            yield msgspec.structs.replace(stray, mode=Mode.RECORDED)
            continue
        found = list(judge_stray(stray, claims, root=root, max_age_s=max_age))
        exchanges = _of_provider(recorded_exchanges(stray.document), stray.metadata, run_context)
        found += judge_exchanges(
            run_context.spec, exchanges, item="workflow.recorded", place=stray.place, recorded=True
        )
        # That it conforms proves nothing about scenarios: only what is wrong is reported.
        bad = (f for f in found if f.outcome is not Outcome.PASS)
        yield from (msgspec.structs.replace(finding, mode=Mode.RECORDED) for finding in bad)


def _of_provider(exchanges: Iterator[Exchange], metadata: Metadata, run_context: RunContext) -> Iterator[Exchange]:
    """Yield the exchanges with the provider as they would be today; without metadata, all are taken for such."""
    import msgspec

    then, now = metadata.base_url.rstrip("/"), run_context.provider.section.base_url.rstrip("/")
    for exchange in exchanges:
        request = exchange.request
        if request.url.startswith(then):
            today = msgspec.structs.replace(request, url=now + request.url.removeprefix(then)) if then else request
            yield msgspec.structs.replace(exchange, request=today)
