"""Promises as data: each row is tried by one loop."""

from __future__ import annotations

from harness.contract.hostile_bodies import HOSTILE_REFUSED
from harness.contract.idempotency import KEYS_KEPT
from harness.contract.invalid_input import INPUT_REFUSED
from harness.contract.lifecycle_promise import LIFECYCLE
from harness.contract.link_crawler import FIX_LINK, LinkCrawler
from harness.contract.listing_filters import FILTERS_SELECT
from harness.contract.listing_orders import ORDERS_HOLD
from harness.contract.pages import PAGES_END
from harness.contract.problems import REFUSALS_WORDED
from harness.contract.promise import Promise, not_called
from harness.model import Finding, FixedBy, Outcome

LINKS_LEAD = Promise(
    id="links",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="the links of answers, followed: documented ones, Location, Link headers and URLs in bodies",
    passed="Links lead to what is there",
    failed="A link does not lead to what is there",
    expected="what an answer links to is there, and what was deleted is not",
    source="OpenAPI Specification 3.1.1, Link Object; RFC 9110 section 10.2.2; RFC 8288 section 3",
    fix=FIX_LINK,
    judge=lambda _, walk: judge_links(walk()),
    planned=lambda _: (),
)


def judge_links(walk: LinkCrawler) -> list[Finding]:
    """Return one finding for each problem on the way, or one with the number of links that were followed.

    An error where nothing could be called, or no link followed because what documents links was refused.
    """
    if found := walk.caller.findings():
        return found
    made = f"{len(walk.samples)} calls succeeded" + not_called(walk.refused)
    if walk.links:
        return [LINKS_LEAD.finding(Outcome.PASS, made, summary=f"{LINKS_LEAD.passed}: {walk.links} links", case="")]
    linking = {o.label for o in walk.caller.operations.values() if any(r.get("links") for r in o.responses.values())}
    if walk.refused and (not walk.samples or linking & walk.refused.keys()):
        summary = f"no link could be followed, for no call succeeded that has one{not_called(walk.refused)}"
        return [LINKS_LEAD.finding(Outcome.ERROR, made, summary=summary, case="")]
    summary = "no link was followed: no answer has one, and the spec documents none (OpenAPI, Link Object)"
    return [LINKS_LEAD.finding(Outcome.NOT_APPLICABLE, made, summary=summary, case="")]


PROMISES: tuple[Promise, ...] = (
    LINKS_LEAD,
    KEYS_KEPT,
    PAGES_END,
    REFUSALS_WORDED,
    LIFECYCLE,
    INPUT_REFUSED,
    HOSTILE_REFUSED,
    FILTERS_SELECT,
    ORDERS_HOLD,
)
