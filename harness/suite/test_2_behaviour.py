"""Step 2, core workflow: what the provider promises beyond the shape of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.contract.idempotency import judge_idempotency
from harness.contract.link_crawler import LinkCrawler, judge_links
from harness.contract.pages import judge_pages
from harness.contract.problems import judge_problems
from harness.openapi.document_checks import judge_document

if TYPE_CHECKING:
    from harness.contract.caller import Caller
    from harness.openapi.spec_document import Spec
    from harness.plugins.findings import Findings

FUZZ = "contract.fuzz"


@pytest.mark.verifies(FUZZ)
def test_the_document_agrees_with_itself(spec: Spec, findings: Findings) -> None:
    """The spec's examples fit their schemas, and no operation, credential or webhook is left undescribed."""
    findings.extend(judge_document(spec))


@pytest.mark.verifies(FUZZ)
def test_documented_links_lead_somewhere(walk: LinkCrawler, findings: Findings) -> None:
    """What an answer links to is there, and what was deleted is not."""
    findings.extend(judge_links(walk))


@pytest.mark.verifies(FUZZ)
def test_idempotency_keys_are_kept(caller: Caller, walk: LinkCrawler, findings: Findings) -> None:
    """One key is one call, however often and however fast it comes, and another body under it is refused."""
    findings.extend(judge_idempotency(caller, walk.samples))


@pytest.mark.verifies(FUZZ)
def test_pages_end_and_never_repeat(caller: Caller, walk: LinkCrawler, findings: Findings) -> None:
    """Every listing ends, shows no entry twice, and never leads back."""
    findings.extend(judge_pages(caller, walk.samples))


@pytest.mark.verifies(FUZZ)
def test_refusals_are_worded_as_declared(caller: Caller, findings: Findings) -> None:
    """A refusal is a problem document where the spec says so, and a 405 tells what is allowed."""
    findings.extend(judge_problems(caller))
