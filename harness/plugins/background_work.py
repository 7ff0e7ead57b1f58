"""Work beside the tests of a serial run of the shipped checks; ``-p no:harness-background`` switches it off."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext

import pytest

from harness.plugins.stash import asked_modes, context_key, is_shipped, is_worker

_RECORDS = frozenset({"record", "rewrite", "verify"})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the checks beside which nothing may run last of the shipped ones: earlier they would wait for that work."""
    if _serial(config):
        items.sort(key=lambda item: 2 if not is_shipped(item) else 1 if _is_alone(item) else 0)


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
    with nullcontext() if is_shipped(item) else item.config.stash[context_key].background.paused():
        return (yield)


def _is_alone(item: pytest.Item) -> bool:
    from harness.model import Check

    callspec = getattr(item, "callspec", None)
    return callspec is not None and any(isinstance(v, Check) and v.alone for v in callspec.params.values())


def _serial(config: pytest.Config) -> bool:
    """Whether this process alone runs the tests, and nobody records or debugs them."""
    option = config.option
    looks_only = option.collectonly or option.setuponly or option.setupplan
    debugs = option.usepdb or option.trace
    spread = is_worker(config) or config.pluginmanager.hasplugin("dsession")
    return not (looks_only or debugs or spread or _RECORDS.intersection(asked_modes(config)))
