"""Operations: runbooks, and the search for secrets in everything the run left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import context_key, findings_key

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from harness.context.run_context import RunContext
    from harness.model import Finding


@pytest.fixture
def runbooks(run_context: RunContext, require: Callable[..., None]) -> list[Path]:
    """The runbook files of ``[operations] runbooks``."""
    require("operations.runbooks")
    assert run_context.config.operations is not None
    return run_context.target.files(run_context.config.operations.runbooks)


@pytest.hookimpl(wrapper=True, trylast=True)  # within the core plugin's, which fails a test whose findings failed
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Attach a finding for each secret in the answers that this test received."""
    return (yield from _with_leaks(item))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Do the same for what its fixtures received, those of its module and session too where it is their last."""
    return (yield from _with_leaks(item))


def _with_leaks(item: pytest.Item) -> Generator[None]:
    try:
        yield
    finally:
        run_context, findings = item.config.stash.get(context_key, None), item.stash.get(findings_key, None)
        if run_context is not None and findings is not None:
            findings.extend(run_context.answer_search.findings())


@pytest.hookimpl(optionalhook=True)  # unknown where harness-core is switched off
def pytest_harness_final_findings(config: pytest.Config, context: RunContext) -> list[Finding]:
    """Search logs, cassettes and fixtures for every known secret, once nothing writes to them any more."""
    from harness.context.whole_run import judge_secrets
    from harness.plugins.final_findings import whole_run

    return judge_secrets(context, whole_run(config))
