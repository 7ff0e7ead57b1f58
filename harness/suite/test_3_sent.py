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

pytestmark = pytest.mark.usefixtures("credential_watched")


@pytest.fixture
def run_workflow(request: pytest.FixtureRequest, run_context: RunContext) -> Callable[[], object]:
    """Run the core workflow once: the integration's client where there is one, else a crawl of the spec's links."""
    if run_context.config.client is None:
        return lambda: request.getfixturevalue("walk")
    return lambda: request.getfixturevalue("client_under_faults")(UNDISTURBED)


@pytest.mark.verifies("webhooks.sent")
def test_the_providers_webhooks_are_signed_and_redelivered(
    sent_webhooks: Callable[[], list[Finding]], run_workflow: Callable[[], object], findings: Findings
) -> None:
    """The provider's webhooks are correctly signed, valid, and redelivered with the same id after a 503."""
    run_workflow()
    findings.extend(sent_webhooks())
