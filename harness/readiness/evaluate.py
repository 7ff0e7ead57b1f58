"""Findings in, one report with its verdict out. Fail closed: what is not known never counts as held."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from harness.model import (
    Finding,
    GuideLine,
    GuideResult,
    ItemResult,
    Level,
    Outcome,
    Problem,
    ProviderOwner,
    Report,
    TargetSummary,
    VendorDifference,
    Verdict,
    Waiver,
)
from harness.model.signals import SignalMatrix
from harness.model.spec_coverage import Coverage
from harness.readiness import vendor
from harness.readiness import waivers as waiver_rules
from harness.readiness.checklist import Checklist
from harness.readiness.judged_item import WORST_FIRST, counting, evaluate_item
from harness.readiness.one_cause import marked
from harness.webhooks.receiver_causes import of_no_verification


def by_item(findings: Iterable[Finding]) -> defaultdict[str, list[Finding]]:
    """Return the findings by the id of their item; what takes one made-up signature takes all, whatever their item."""
    found = defaultdict(list)
    for finding in of_no_verification(list(findings)):
        found[finding.item].append(finding)
    return found


def verdict(items: Iterable[ItemResult], problems: Iterable[Problem]) -> Verdict:
    """Return the one verdict: a failure beats what is unknown, which beats READY."""
    items = list(items)
    outcomes = {i.outcome for i in items if i.level is Level.MUST} | {p.outcome for p in problems}
    if Outcome.FAIL in outcomes:
        return Verdict.NOT_READY
    # At least one item must have been seen to hold: nothing but "not applicable" proves nothing.
    if outcomes & {Outcome.ERROR, Outcome.NOT_RUN} or Outcome.PASS not in outcomes:
        return Verdict.INCOMPLETE
    return Verdict.READY


def guide_results(guide: Iterable[GuideLine], items: Iterable[ItemResult]) -> tuple[GuideResult, ...]:
    """Judge each line of the guide's own checklist by the items that prove it."""
    outcomes = {i.id: i.outcome if i.level is Level.MUST else Outcome.PASS for i in items}
    return tuple(
        GuideResult(
            text=line.text,
            items=line.items,
            outcome=next(o for o in WORST_FIRST if o in {outcomes[i] for i in line.items}),
        )
        for line in guide
    )


def _with_waivers(
    findings: Sequence[Finding], waivers: Sequence[Waiver]
) -> tuple[defaultdict[str, list[Finding]], tuple[Waiver, ...]]:
    return by_item(findings), waiver_rules.followed(waivers, findings)


def _differences(
    checklist: Checklist, found: Mapping[str, Sequence[Finding]], waivers: Sequence[Waiver], today: dt.date
) -> tuple[VendorDifference, ...]:
    return vendor.differences(checklist, (f for each in found.values() for f in counting(each, waivers, today)))


def _stale_waivers(
    waivers: Sequence[Waiver],
    checklist: Checklist,
    items: Sequence[ItemResult],
    today: dt.date,
    *,
    provider_counts: bool,
) -> Iterator[Problem]:
    live = waivers if provider_counts else vendor.without_needless(waivers, checklist, today)
    return waiver_rules.stale(live, items, today)


def today() -> dt.date:
    """Return the current date in UTC, the date waivers are measured against."""
    return dt.datetime.now(tz=dt.UTC).date()


def assemble(
    *,
    run_id: str,
    checklist: Checklist,
    target: TargetSummary,
    findings: Iterable[Finding],
    problems: Sequence[Problem] = (),
    waivers: Sequence[Waiver] = (),
    missing: Mapping[str, Sequence[str]],
    started_at: dt.datetime,
    duration_s: float,
    declared: Mapping[str, str],
    today: dt.date,
    version: str,
    coverage: Coverage | None = None,
    signals: SignalMatrix | None = None,
    provider: ProviderOwner | None = None,
    provider_counts: bool = True,
) -> Report:
    """Judge every item, and the run as a whole; ``missing`` and ``declared`` are by the item's id."""
    found, waivers = _with_waivers(list(marked(findings, coverage)), waivers)
    judge = partial(evaluate_item, waivers=waivers, today=today, provider_counts=provider_counts)
    items = tuple(judge(i, found[i.id], missing=missing.get(i.id, ()), declared=declared.get(i.id)) for i in checklist)
    problems = (*problems, *_stale_waivers(waivers, checklist, items, today, provider_counts=provider_counts))
    return Report(
        run_id=run_id,
        verdict=verdict(items, problems),
        target=target,
        started_at=started_at.isoformat(timespec="seconds"),
        duration_s=round(duration_s, 3),
        guide_checklist=guide_results(checklist.guide, items),
        items=items,
        problems=problems,
        harness_version=version,
        vendor=() if provider_counts else _differences(checklist, found, waivers, today),
        provider=provider,
        coverage=coverage,
        signals=signals,
        waivers=waiver_rules.effective(waivers, items, today),
    )
