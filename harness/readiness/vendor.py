"""A vendor's API: what only its owner can correct leaves the verdict, and is reported beside it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from harness.model import Finding, FixedBy, Item, Level, Outcome, VendorDifference, Waiver
from harness.model.strict import listed
from harness.readiness.one_cause import attributed, is_unserved

SUMMARY = "vendor's API"
"""How the summary of an item begins that does not apply because the provider is a vendor's API."""


def is_difference(finding: Finding) -> bool:
    """Whether a finding is one that only the provider can correct, and does not hold or could not be judged."""
    of_provider = finding.fixed_by is FixedBy.PROVIDER and not finding.note
    return of_provider and finding.outcome in (Outcome.FAIL, Outcome.ERROR)


def counted(item: Item, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that decide about an item; of an item of the provider, what did not run is not missing."""
    dropped = {Outcome.NOT_RUN} if item.fixed_by is FixedBy.PROVIDER else set()
    return [f for f in findings if not is_difference(f) and f.outcome not in dropped]


def reason(item: Item, findings: Sequence[Finding], decided: Sequence[Finding], missing: Sequence[str]) -> str:
    """Return why an item does not apply, empty where it does: ``decided`` are those that `counted` left.

    What fails otherwise, such as a test of the user's own, always counts.
    """
    if any(f.outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.WAIVED) for f in decided):
        return ""
    if (decided or not findings) and item.fixed_by is not FixedBy.PROVIDER:
        return ""
    if number := sum(is_difference(f) for f in findings):
        return f"{SUMMARY}: {number} finding{'' if number == 1 else 's'}, shown separately"
    if missing:
        return f"{SUMMARY}: harness.toml does not set {listed(missing)}"
    skipped = next((f for f in findings if f.outcome is Outcome.NOT_RUN), None)
    if skipped or not decided:
        return f"{SUMMARY}: {(skipped and (skipped.observed or skipped.summary)) or 'nothing of it was checked'}"
    return ""


def without_needless(waivers: Iterable[Waiver], checklist: Iterable[Item], today: dt.date) -> list[Waiver]:
    """Return the waivers without the live ones of items of the provider, which excuse nothing and are no fault."""
    items = {item.id for item in checklist if item.fixed_by is FixedBy.PROVIDER}
    return [w for w in waivers if w.item not in items or w.expires < today]


def differences(checklist: Iterable[Item], findings: Iterable[Finding]) -> tuple[VendorDifference, ...]:
    """Return what the vendor's API does differently: findings of one item, check and cause are one entry.

    So is all that is wrong at operations which the server does not have, and what could not be judged for one reason,
    whichever checks that concerns. In the order of the checklist; within an item, those with most findings first.
    """
    order = {item.id: number for number, item in enumerate(checklist)}
    groups: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in attributed(findings):
        if is_difference(finding):
            groups[kind_of(finding)].append(finding)
    found = [_difference(cause, alike) for (_, _, cause), alike in groups.items()]
    return tuple(sorted(found, key=lambda d: (order.get(d.item, len(order)), -len(d.findings), d.check, d.cause)))


def kind_of(finding: Finding) -> tuple[str, str, str]:
    """Return what is the same for findings of one entry: item, check and cause."""
    if finding.outcome is Outcome.ERROR and finding.observed:
        return finding.item, "", finding.observed.splitlines()[0]
    if finding.is_shared and not is_unserved(finding):
        return finding.item, "", finding.cause
    return finding.item, finding.check, finding.cause_or_summary


def _difference(cause: str, findings: Sequence[Finding]) -> VendorDifference:
    return VendorDifference(
        item=findings[0].item,
        check=findings[0].check,
        cause=cause,
        operations=tuple(dict.fromkeys(f.subject for f in findings if f.subject)),
        ids=tuple(dict.fromkeys(f.id for f in findings if f.id)),
        findings=tuple(msgspec.structs.replace(f, level=Level.SHOULD) for f in findings),
    )
