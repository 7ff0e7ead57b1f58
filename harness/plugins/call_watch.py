"""Which tests of the user's call the provider where the harness sees it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import msgspec
import pytest

from harness.context.live_calls import LiveCalls
from harness.model import Mode, Outcome
from harness.plugins.stash import context_key, is_live, is_shipped, item_mode, live_calls_key, played_key
from harness.readiness.live_evidence import as_recorded, is_seen

if TYPE_CHECKING:
    import httpx

    from harness.context.run_context import RunContext
    from harness.model import Finding


class LiveCallWatch:
    """Watches the user's tests, in each process that runs some."""

    def __init__(self, run_context: RunContext) -> None:
        """Listen to the answers that clients of ``run_context`` get. Only where ``[provider]`` is set."""
        self._base_url = run_context.provider.section.base_url
        self._current: LiveCalls | None = None
        run_context.network.observers.append(self._observe)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch one test, with its fixtures."""
        if is_shipped(item) or not is_live(item.config):
            return (yield)
        item.stash[live_calls_key] = self._current = LiveCalls(self._base_url)
        try:
            with self._current.watched():
                return (yield)
        finally:
            self._current = None

    def _observe(self, response: httpx.Response) -> None:
        if self._current is not None:
            self._current.note([str(response.request.url)])


def register(config: pytest.Config, run_context: RunContext) -> None:
    """Begin to watch, where a provider is described."""
    if run_context.config.provider is not None:
        config.pluginmanager.register(LiveCallWatch(run_context), "harness-live-calls")


def evidence_of(item: pytest.Item, finding: Finding) -> Finding:
    """Return a finding as the evidence that it is: recorded where the harness did not see a user's test live.

    About the recordings, it is recorded where the test played some, or does not pass.
    """
    run_context = item.config.stash[context_key]
    if is_shipped(item) or run_context.config.provider is None:
        return finding
    calls = item.stash.get(live_calls_key, None)
    about = next((i for i in run_context.checklist if i.id == finding.item), None)
    if about is None:
        return finding
    if about.evidence is Mode.RECORDED and item_mode(item, item.config) is None:
        played = item.stash.get(played_key, False)
        mode = Mode.RECORDED if played or finding.outcome is not Outcome.PASS else finding.mode
        return msgspec.structs.replace(finding, mode=mode)
    unseen = calls is None or not calls.seen
    return as_recorded(finding) if unseen and is_seen(about) else finding
