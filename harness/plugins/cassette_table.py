"""Writes which test owns which cassette, for `harness cassettes migrate`; loaded with ``-p`` by that command alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.plugins.cassette_names import cassette_path, node_of, uses_cassette
from harness.plugins.stash import context_key


@pytest.hookimpl(tryfirst=True)  # before any of them are deselected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Write the node id and both names of the cassette of every test that has one."""
    run_context = config.stash.get(context_key, None)
    if run_context is None:
        return
    import msgspec

    from harness.cassettes.store.migration import TABLE, Owner

    root = run_context.target.root
    owners = [Owner(test=node_of(item), path=cassette_path(item, root)) for item in items if uses_cassette(item)]
    Path(os.environ[TABLE]).write_bytes(msgspec.json.encode(owners))
