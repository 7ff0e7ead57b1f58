"""Waivers: what they excuse, and when they turn into failures themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from harness.model import Finding, ItemResult, Outcome, Problem, Waiver
from harness.model.finding import EXCUSABLE
from harness.readiness.one_cause import cause_id


def live_waiver(item_id: str, waivers: Iterable[Waiver], today: dt.date) -> Waiver | None:
    """Return the waiver that covers ``item_id`` as a whole on ``today``, if any."""
    return next((w for w in waivers if w.item == item_id and not w.finding and today <= w.expires), None)


def followed(waivers: Iterable[Waiver], findings: Iterable[Finding]) -> tuple[Waiver, ...]:
    """Return the waivers as they apply now: one of a finding that has moved to another item is a waiver there."""
    moved = {(f.once_of, f.id): f.item for f in findings if f.once_of and f.id}
    now = ((w, moved.get((w.item, w.finding or ""), w.item)) for w in waivers)
    return tuple(w if item == w.item else msgspec.structs.replace(w, item=item) for w, item in now)


def excused(finding: Finding, waivers: Iterable[Waiver], today: dt.date) -> Finding:
    """Return ``finding`` as it counts: waived, and by whom, where a live waiver names its id."""
    if finding.outcome not in EXCUSABLE or not finding.id:
        return finding
    for waiver in waivers:
        if _names(waiver, finding) and waiver.item == finding.item and today <= waiver.expires:
            summary = f"{finding.summary}; waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
            return msgspec.structs.replace(finding, outcome=Outcome.WAIVED, summary=summary)
    return finding


def _names(waiver: Waiver, finding: Finding) -> bool:
    """Whether a waiver is of a finding, under whatever id, or of the one that it is part of."""
    return bool(finding.id) and waiver.finding in (finding.id, cause_id(finding), *finding.aliases)


def covering(finding: Finding, waivers: Iterable[Waiver]) -> list[Waiver]:
    """Return the waivers of a finding that did not hold: of its id, and of its item as a whole."""
    mine = [w for w in followed(waivers, [finding]) if w.item == finding.item]
    by_id = [w for w in mine if finding.outcome in EXCUSABLE and _names(w, finding)]
    return by_id + [w for w in mine if not w.finding and finding.outcome in EXCUSABLE]


def effective(waivers: Iterable[Waiver], results: Sequence[ItemResult], today: dt.date) -> tuple[Waiver, ...]:
    """Return the waivers that excuse an item or a finding of ``results``, those that end first at the beginning."""
    items = {r.id for r in results if r.outcome is Outcome.WAIVED and r.waiver}
    waived = [(r.id, f) for r in results for f in r.findings if f.outcome is Outcome.WAIVED]
    findings = {(item, named) for item, f in waived for named in (f.id, *f.ids, *f.aliases)}
    live = (w for w in waivers if today <= w.expires)
    used = [w for w in live if ((w.item, w.finding) in findings if w.finding else w.item in items)]
    return tuple(sorted(used, key=lambda w: w.expires))


def unmet(item_id: str, findings: Iterable[Finding], waivers: Iterable[Waiver]) -> list[Waiver]:
    """Return the waivers of single findings of an item that were not among ``findings``."""
    seen = {each for f in findings for each in (f.id, *f.ids, *f.aliases, cause_id(f))}
    return [w for w in waivers if w.item == item_id and w.finding and w.finding not in seen]


def relevant(item_id: str, findings: Iterable[Finding], waivers: Sequence[Waiver]) -> list[Waiver]:
    """Return the waivers of an item as a whole, and those of its findings that are among ``findings``."""
    absent = unmet(item_id, findings, waivers)
    return [w for w in waivers if w.item == item_id and w not in absent]


def excuse(outcome: Outcome, waiver: Waiver | None) -> Outcome:
    """Return ``waived`` where ``waiver`` covers an outcome that would block, else the outcome as it is."""
    return Outcome.WAIVED if waiver and outcome in EXCUSABLE else outcome


def stale(waivers: Iterable[Waiver], results: Iterable[ItemResult], today: dt.date) -> Iterator[Problem]:
    """Yield a problem for each waiver that has expired, or that covers an item which holds without it."""
    outcomes = {r.id: r.outcome for r in results}
    for waiver in waivers:
        what = f"{waiver.finding} of {waiver.item}" if waiver.finding else waiver.item
        name = f"waiver for {what} (owner {waiver.owner})"
        if waiver.expires < today:
            text = (
                f"The {name} expired on {waiver.expires}. Fix what it excuses, or renew the waiver with a new reason."
            )
            yield Problem(outcome=Outcome.FAIL, text=text)
        elif not waiver.finding and outcomes.get(waiver.item) not in (Outcome.WAIVED, None):
            outcome = outcomes[waiver.item]
            text = f"The {name} excuses nothing: the item's outcome is {outcome}. Delete the waiver from harness.toml."
            yield Problem(outcome=Outcome.FAIL, text=text)
