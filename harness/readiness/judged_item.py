"""The findings of one item in, its result out. Fail closed: what is not known never counts as held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from harness.model import (
    Finding,
    Item,
    ItemResult,
    Level,
    Mode,
    Outcome,
    Waiver,
)
from harness.model.finding import EXCUSABLE
from harness.model.strict import listed
from harness.readiness import vendor
from harness.readiness import waivers as waiver_rules
from harness.readiness.live_evidence import why_not_live
from harness.readiness.one_cause import attributed, joined, order, without_notes

# The first of these that any finding has is the item's outcome.
# What is waived holds on paper only, and is shown as waived.
WORST_FIRST = (
    Outcome.FAIL,
    Outcome.ERROR,
    Outcome.NOT_RUN,
    Outcome.WAIVED,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
)

_NO_CHECK = 'No check ran: none was selected, or none exists. Write one and mark it @pytest.mark.verifies("ITEM")'


def item_outcome(findings: Iterable[Finding]) -> Outcome:
    """Return what the findings about one item come to; ``not_run`` where there are none."""
    seen = {f.outcome for f in findings}
    return next((o for o in WORST_FIRST if o in seen), Outcome.NOT_RUN)


def evaluate_item(
    item: Item,
    findings: Sequence[Finding],
    *,
    missing: Sequence[str],
    waivers: Sequence[Waiver],
    today: dt.date,
    provider_counts: bool = True,
    declared: str | None = None,
) -> ItemResult:
    """Judge one item. ``missing`` names the keys that harness.toml would need for it.

    It does not apply where the reason ``declared`` is given and no test of the user's own fails.
    Without ``provider_counts``, what only the provider can correct decides nothing.
    """
    findings, noted = without_notes(counting(findings, waivers, today))
    if declared and not _fails(findings):
        return _not_applicable(item, f"declared: {declared}", findings, declared)
    waiver = waiver_rules.live_waiver(item.id, waivers, today)
    if not provider_counts:
        decided = vendor.counted(item, findings)
        if why := vendor.reason(item, findings, decided, missing):
            return _not_applicable(item, why, [f for f in findings if not vendor.is_difference(f)])
        findings = decided
    findings = joined(findings)
    proofs = [f for f in findings if _proves(item, f)]
    outcome, level = _weighed(item, proofs)
    return ItemResult(
        id=item.id,
        step=item.step,
        level=level,
        outcome=waiver_rules.excuse(outcome, waiver),
        text=item.text,
        summary=_summary(item, outcome, proofs, findings, missing)
        + _stale(item, outcome, [*findings, *noted], waivers),
        remediation=item.remediation,
        waiver=waiver,
        findings=tuple(sorted(findings, key=lambda f: (f.outcome is not outcome, *_place(item, f)))),
        notes=tuple(joined(noted)),
    )


def _fails(findings: Iterable[Finding]) -> bool:
    """Whether a test of the user's own does not pass; the shipped checks have ids."""
    return any(f.outcome in (Outcome.FAIL, Outcome.ERROR) for f in findings if not f.check)


def counting(findings: Sequence[Finding], waivers: Sequence[Waiver], today: dt.date) -> list[Finding]:
    """Return the findings of one item as they count, each defect once."""
    return [waiver_rules.excused(f, waivers, today) for f in _distinct(attributed(findings))]


def _not_applicable(item: Item, why: str, findings: Sequence[Finding], declared: str = "") -> ItemResult:
    return ItemResult(
        id=item.id,
        step=item.step,
        level=item.level,
        outcome=Outcome.NOT_APPLICABLE,
        text=item.text,
        summary=why,
        remediation=item.remediation,
        declared=declared,
        findings=tuple(findings),
    )


def _proves(item: Item, finding: Finding) -> bool:
    return item.evidence in (None, finding.mode)


def _rank(finding: Finding) -> int:
    return WORST_FIRST.index(finding.outcome)


def _place(item: Item, finding: Finding) -> tuple[object, ...]:
    """Return what orders the findings of an item, behind those that decide its outcome."""
    return _rank(finding), not _proves(item, finding), *order(finding)


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, of those about one defect only the worst: several tests may meet it, and some miss it.

    One that failed with other words stays: it only happens to have the same id.
    """
    worst: dict[tuple[str, Mode], Finding] = {}
    for finding in findings:
        first = worst.setdefault((finding.id, finding.mode), finding)
        if _rank(finding) < _rank(first):
            worst[finding.id, finding.mode] = finding
    return [f for f in findings if not f.id or f is worst[f.id, f.mode] or _is_another(f, worst[f.id, f.mode])]


def _is_another(finding: Finding, first: Finding) -> bool:
    failed = finding.outcome is first.outcome and finding.outcome in EXCUSABLE
    return failed and not finding.is_named and (finding.summary, finding.observed) != (first.summary, first.observed)


def _stale(item: Item, outcome: Outcome, findings: Sequence[Finding], waivers: Sequence[Waiver]) -> str:
    """Name the waived findings that this run did not meet, where it looked."""
    if outcome in (Outcome.NOT_RUN, Outcome.ERROR):
        return ""
    gone = waiver_rules.unmet(item.id, findings, waivers)
    named = ", ".join(f"{waiver.finding} (owner {waiver.owner})" for waiver in gone)
    return f". Waived, but not seen in this run, so the waiver may be stale: {named}" if named else ""


def _weighed(item: Item, proofs: Sequence[Finding]) -> tuple[Outcome, Level]:
    """Return outcome and effective level: a ``should`` lowers an item to a warning at most, and hides no ``must``."""
    whole = item_outcome(proofs)
    if item.level is Level.SHOULD:
        return whole, item.level
    must = item_outcome(f for f in proofs if f.level is Level.MUST)
    if must in (Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN) or whole not in (Outcome.FAIL, Outcome.ERROR):
        return must, item.level
    return whole, Level.SHOULD


def _summary(
    item: Item,
    outcome: Outcome,
    proofs: Sequence[Finding],
    findings: Sequence[Finding],
    missing: Sequence[str],
) -> str:
    """Return in one line why the item has its outcome."""
    if missing and outcome is Outcome.NOT_RUN:  # more precise than that the checks were skipped
        return f"harness.toml does not set {listed(missing)}"
    worst = sorted((f for f in proofs if f.outcome is outcome), key=order)
    if worst and outcome is Outcome.PASS:
        return worst[0].headline if len(worst) == 1 else f"{len(worst)} checks passed"
    if worst:
        more = f" (and {len(worst) - 1} more)" if len(worst) > 1 else ""
        return worst[0].headline + more
    if proofs:
        return "Only recommendations were checked, and none of its requirements"
    if findings:
        only = f"Seen {findings[0].mode} only; {item.evidence} evidence is required"
        return f"{only}. {why}" if (why := why_not_live(findings)) else only
    return _NO_CHECK
