"""The provider's own webhooks: caught by the controller while all tests run, judged by the test that asks for them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import context_key, is_worker, runs_suite

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Finding

NEEDS = ("provider.spec", "provider.webhooks", "receiver.signature", "receiver.url")


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Listen for the provider's webhooks while tests run; the controller does it for all workers."""
    config = session.config
    run_context = config.stash.get(context_key, None)
    idle = is_worker(config) or config.option.collectonly or not runs_suite(config)
    if idle or run_context is None or run_context.target.production or run_context.target.missing(NEEDS):
        return (yield)
    from harness.context.webhook_watch import WebhookWatch

    with WebhookWatch(run_context).listening():
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Learn the secret that the controller was handed out, so that it is redacted in all output of this process."""
    run_context = item.config.stash.get(context_key, None)
    if run_context is not None:
        run_context.secrets.learn_issued()


@pytest.fixture
def sent_webhooks(run_context: RunContext, require: Callable[..., None]) -> Callable[[], list[Finding]]:
    """Waits for the provider's webhooks and judges them; call it once the workflow has run."""
    require(*NEEDS)
    if run_context.target.production:
        pytest.skip("[target] environment is production, and this check refuses a webhook on purpose")
    from harness.context.webhook_watch import WebhookWatch

    return WebhookWatch(run_context).judged
