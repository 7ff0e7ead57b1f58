"""Step 2, core workflow: what the provider promises beyond the shape of its responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.contract.promises import PROMISES
from harness.errors import ProbeError
from harness.model import Outcome
from harness.openapi.document_checks import ITEM, judge_document
from harness.suite.rows import each

if TYPE_CHECKING:
    from harness.contract.caller import Caller
    from harness.contract.promise import Promise
    from harness.openapi.spec_document import Spec
    from harness.plugins.findings import Findings

# Calls may act on whatever they find at the provider, such as the client's objects, and exhaust a limit of its rate.
pytestmark = pytest.mark.usefixtures("client_at_rest", "credential_watched")


@pytest.mark.verifies(ITEM)
def test_the_document_agrees_with_itself(spec: Spec, findings: Findings) -> None:
    """The spec's examples match their schemas, and every operation, credential and webhook is described."""
    findings.extend(judge_document(spec))


@each("promise", PROMISES)
def test_the_provider_keeps_its_promise(
    promise: Promise, caller: Caller, request: pytest.FixtureRequest, findings: Findings
) -> None:
    """Links work, keys are honoured, pages end, what is written stays, and what the spec forbids is refused."""
    try:
        findings.extend(promise.judge(caller, lambda: request.getfixturevalue("shared_walk")))
    except ProbeError as exc:  # no answer came, which only the provider can correct
        findings.add(promise.finding(Outcome.ERROR, str(exc)))
