"""Work beside the tests of a serial run of the shipped checks; ``-p no:harness-background`` switches it off."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext

import pytest

from harness.plugins.stash import SUITE, asked_modes, context_key, is_worker

_RECORDS = frozenset({"record", "rewrite", "verify"})


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Begin what the tests will ask for, and leave nothing of it behind, however the run ends."""
    run_context = session.config.stash[context_key]
    if _serial(session.config):
        session.config.hook.pytest_harness_begin(session=session, context=run_context)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let nothing run beside a test of the user's: it may replace what the whole process shares, as cassettes do."""
    shipped = getattr(getattr(item, "module", None), "__name__", "").startswith(f"{SUITE}.")
    with nullcontext() if shipped else item.config.stash[context_key].background.paused():
        return (yield)


def _serial(config: pytest.Config) -> bool:
    """Whether this process alone runs the tests, and nobody records or debugs them."""
    option = config.option
    looks_only = option.collectonly or option.setuponly or option.setupplan
    debugs = option.usepdb or option.trace
    spread = is_worker(config) or config.pluginmanager.hasplugin("dsession")
    return not (looks_only or debugs or spread or _RECORDS.intersection(asked_modes(config)))
