"""Promises as data: each row is tried by one loop."""

from __future__ import annotations

from harness.contract.idempotency import KEYS_KEPT
from harness.contract.lifecycle_promise import LIFECYCLE
from harness.contract.link_crawler import LinkCrawler
from harness.contract.pages import PAGES_END
from harness.contract.problems import REFUSALS_WORDED
from harness.contract.promise import Promise
from harness.model import Finding, FixedBy, Outcome

LINKS_LEAD = Promise(
    id="links",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="the links of answers, followed",
    passed="Documented links lead to what the spec names",
    failed="A documented link does not lead to what the spec names",
    expected="what an answer links to is there, and what was deleted is not",
    source="OpenAPI Specification 3.1.1, Link Object",
    fix="Serve what a documented link leads to, or correct the link in the spec.",
    judge=lambda _, walk: judge_links(walk()),
    planned=lambda _: (),
)


def judge_links(walk: LinkCrawler) -> list[Finding]:
    """Return one finding for each problem on the way, or one with the number of links that were followed."""
    if found := walk.caller.findings():
        return found
    made = f"{len(walk.samples)} calls succeeded"
    if not walk.links:
        summary = "no link was followed: the spec documents none (OpenAPI, Link Object), or no call succeeded"
        return [LINKS_LEAD.finding(Outcome.NOT_APPLICABLE, made, summary=summary, case="")]
    return [LINKS_LEAD.finding(Outcome.PASS, made, summary=f"{LINKS_LEAD.passed}: {walk.links} links", case="")]


PROMISES: tuple[Promise, ...] = (LINKS_LEAD, KEYS_KEPT, PAGES_END, REFUSALS_WORDED, LIFECYCLE)
