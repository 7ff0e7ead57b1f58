"""What a run of some tests shows of the checklist: the items that it touched, and nothing about the others."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from harness.model import Finding, Item, ItemResult, Outcome, Problem, Waiver
from harness.readiness import waivers as waiver_rules
from harness.readiness.evaluate import evaluate_item


class TouchedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item that a test verified or a finding names, judged by this run alone."""

    result: ItemResult
    """Judged by all its findings, whatever evidence the gate requires."""
    recorded_only: bool
    """Whether the gate requires live evidence and this run has none."""


def touched_items(
    checklist: Iterable[Item], findings: Iterable[Finding], *, waivers: Sequence[Waiver], today: dt.date
) -> tuple[TouchedItem, ...]:
    """Return the touched items in the order of ``checklist``.

    That a check of the whole run did not run touches no item: nobody asked for it.
    """
    by_item: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_item[finding.item].append(finding)
    return tuple(
        _judged(item, by_item[item.id], waivers, today)
        for item in checklist
        if any(f.test or f.outcome is not Outcome.NOT_RUN for f in by_item[item.id])
    )


def _judged(item: Item, findings: Sequence[Finding], waivers: Sequence[Waiver], today: dt.date) -> TouchedItem:
    met = {finding.id for finding in findings}
    return TouchedItem(
        result=evaluate_item(
            msgspec.structs.replace(item, evidence=None),
            findings,
            missing=(),
            waivers=[
                w for w in waivers if not w.finding or w.finding in met
            ],  # whether one is stale, only the gate can judge
            today=today,
        ),
        recorded_only=item.evidence not in (None, *(f.mode for f in findings)),
    )


def expired_waivers(items: Iterable[TouchedItem], waivers: Iterable[Waiver], today: dt.date) -> Iterator[Problem]:
    """Yield a problem for each waiver that would have excused one of ``items`` until it expired."""
    failed = {item.result.id for item in items if item.result.outcome is Outcome.FAIL}
    over = [waiver for waiver in waivers if waiver.item in failed and waiver.expires < today]
    return waiver_rules.stale(over, (), today)
