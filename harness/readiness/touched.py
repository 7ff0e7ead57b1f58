"""What a run of some tests shows of the checklist: the items that it touched, and nothing about the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from harness.model import Finding, Item, ItemResult, Mode, Outcome, Problem, Waiver
from harness.readiness import waivers as waiver_rules
from harness.readiness.evaluate import by_item
from harness.readiness.judged_item import evaluate_item


class TouchedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item that a test verified or a finding names, judged by this run alone."""

    result: ItemResult
    """Judged by all its findings, whatever evidence the gate requires."""
    unseen: Mode | None
    """The mode, live or recorded, of which the gate requires evidence and this run has none."""


def touched_items(
    checklist: Iterable[Item],
    findings: Iterable[Finding],
    *,
    waivers: Sequence[Waiver],
    today: dt.date,
    provider_counts: bool = True,
) -> tuple[TouchedItem, ...]:
    """Return the touched items in the order of ``checklist``.

    That a check of the whole run did not run touches no item: nobody asked for it.
    """
    findings = list(findings)
    waivers = waiver_rules.followed(waivers, findings)
    found = by_item(findings)
    return tuple(
        _judged(item, found[item.id], waivers, today, provider_counts=provider_counts)
        for item in checklist
        if any(f.test or f.outcome is not Outcome.NOT_RUN for f in found[item.id])
    )


def _judged(
    item: Item, findings: Sequence[Finding], waivers: Sequence[Waiver], today: dt.date, *, provider_counts: bool
) -> TouchedItem:
    return TouchedItem(
        result=evaluate_item(
            msgspec.structs.replace(item, evidence=None),
            findings,
            missing=(),
            waivers=waiver_rules.relevant(item.id, findings, waivers),  # only the gate can judge whether one is stale
            today=today,
            provider_counts=provider_counts,
        ),
        unseen=None if item.evidence in {f.mode for f in findings} else item.evidence,
    )


def expired_waivers(items: Iterable[TouchedItem], waivers: Sequence[Waiver], today: dt.date) -> Iterator[Problem]:
    """Yield a problem for each waiver that would have excused one of ``items`` until it expired."""
    over = [waiver for waiver in waivers if waiver.expires < today]
    for result in (item.result for item in items if item.result.outcome is Outcome.FAIL):
        yield from waiver_rules.stale(waiver_rules.relevant(result.id, result.findings, over), (), today)
