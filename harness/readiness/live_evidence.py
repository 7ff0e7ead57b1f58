"""Live means seen live: a test that passes without a call that the harness saw is recorded evidence."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.model import Finding, Item, Mode, Outcome

UNSEEN = "the harness saw no call to the provider in this test"
HOW = (
    "Send its calls through the fixture `api`; for a client of your own, request the fixture `cassette`, or let the "
    "client call the address that the fixture `provider_url` returns"
)


def is_seen(item: Item) -> bool:
    """Whether a test verifies an item only by calls to the provider that the harness saw.

    So it is with what must be live and is about the provider, and with live items of the user's own.
    """
    return item.evidence is Mode.LIVE and (not item.needs or "provider.base_url" in item.needs)


def as_recorded(finding: Finding) -> Finding:
    """Return a finding of a test that passed unseen, as evidence that is not live, with what to do about it."""
    if finding.mode is not Mode.LIVE or finding.outcome is not Outcome.PASS:
        return finding
    return msgspec.structs.replace(finding, mode=Mode.RECORDED, cause=UNSEEN, fix=HOW)


def why_not_live(findings: Iterable[Finding]) -> str:
    """Return which test was not seen to be live, and how to make it so; empty where there is none."""
    unseen = next((f for f in findings if f.cause == UNSEEN), None)
    return f"{unseen.test}: {UNSEEN}. {unseen.fix}" if unseen else ""
