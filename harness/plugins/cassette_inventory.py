"""Cassettes that no test of a run was played from: orphans, and recordings of clients elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.plugins.cassette_names import cassette_path, default_places, file_of, uses_cassette
from harness.plugins.stash import claims_key, context_key, item_mode

if TYPE_CHECKING:
    from pathlib import Path

    from harness.context.run_context import RunContext
    from harness.model import Finding

CLAIMS = "harness_cassettes"


@pytest.hookimpl(tryfirst=True)  # before any of them are deselected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note which cassettes belong to the tests that were collected."""
    run_context = config.stash.get(context_key, None)
    ours = [item for item in items if uses_cassette(item)]
    if run_context is None or not (ours or (run_context.target.root / "cassettes").is_dir()):
        return
    from harness.model.part import Claims

    root = run_context.target.root
    path_of = {item: cassette_path(item, root).existing(root) for item in ours}
    whole = not any("::" in str(argument) for argument in config.args)
    claims = Claims(
        played={path for item, path in path_of.items() if item_mode(item, config) == "replay"},
        claimed={*path_of.values(), *(cassette_path(item, root).current for item in ours), *_of_others(items, root)},
        files={str(file_of(item, root)) for item in items if item.path.is_relative_to(root)} if whole else set(),
    )
    config.stash[claims_key] = claims


def _of_others(items: list[pytest.Item], root: Path) -> set[str]:
    """Return the places of the cassettes that pytest-recording or pytest-vcr plays."""
    return set().union(*(default_places(item, root) for item in items if item.get_closest_marker("vcr")))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On a worker, report to the controller which cassettes belong to the tests, and which were played."""
    claims = session.config.stash.get(claims_key, None)
    if claims is not None and hasattr(session.config, "workeroutput"):
        from harness.core.encodable import json_bytes

        session.config.workeroutput[CLAIMS] = json_bytes(claims).decode()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a pytest-xdist worker noted."""
    reported = getattr(node, "workeroutput", {}).get(CLAIMS)
    if reported:
        import msgspec

        from harness.model.part import Claims

        node.config.stash.setdefault(claims_key, Claims()).add(msgspec.json.decode(reported, type=Claims))


@pytest.hookimpl(optionalhook=True)  # unknown where harness-core is switched off
def pytest_harness_final_findings(config: pytest.Config, context: RunContext) -> list[Finding]:
    """Judge the cassettes that no test of this run was played from: orphans, and those of clients elsewhere."""
    from harness.context.whole_run import judge_strays
    from harness.plugins.final_findings import whole_run

    return judge_strays(context, whole_run(config))
