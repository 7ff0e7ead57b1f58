"""Put one report together from everything a run observed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from harness.model import Finding, Problem, Report, TargetSummary, Waiver
from harness.model.spec_coverage import Coverage
from harness.readiness import waivers as waiver_rules
from harness.readiness.checklist import Checklist
from harness.readiness.evaluate import evaluate_item, guide_results, verdict


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
    today: dt.date,
    version: str,
    coverage: Coverage | None = None,
) -> Report:
    """Judge every item of ``checklist`` and the run as a whole.

    ``missing`` maps an item id to the keys that harness.toml would need for it.
    Pure: the same input gives the same report.
    """
    by_item: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_item[finding.item].append(finding)
    items = tuple(
        evaluate_item(item, by_item[item.id], missing=missing.get(item.id, ()), waivers=waivers, today=today)
        for item in checklist
    )
    all_problems = (*problems, *waiver_rules.stale(waivers, items, today))
    return Report(
        run_id=run_id,
        verdict=verdict(items, all_problems),
        target=target,
        started_at=started_at.isoformat(timespec="seconds"),
        duration_s=round(duration_s, 3),
        guide_checklist=guide_results(checklist.guide, items),
        items=items,
        problems=all_problems,
        harness_version=version,
        coverage=coverage,
    )
