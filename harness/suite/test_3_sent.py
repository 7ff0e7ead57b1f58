"""Step 3, webhooks: what the provider itself sends while the core workflow runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.resilience.client_cases import UNDISTURBED

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.context.run_context import RunContext
    from harness.model import Finding
    from harness.plugins.findings import Findings


@pytest.fixture
def run_workflow(request: pytest.FixtureRequest, run_context: RunContext) -> Callable[[], object]:
    """Run the core workflow once: the integration's client where there is one, else what the spec's links lead to."""
    if run_context.config.client is None:
        return lambda: request.getfixturevalue("walk")
    return lambda: request.getfixturevalue("client_under_faults")(UNDISTURBED)


@pytest.mark.verifies("webhooks.sent")
def test_what_the_provider_sends_can_be_relied_on(
    sent_webhooks: Callable[[], list[Finding]], run_workflow: Callable[[], object], findings: Findings
) -> None:
    """The provider's webhooks are signed right, valid against the spec, and sent again under their id after a 503."""
    run_workflow()
    findings.extend(sent_webhooks())
