"""Waivers: what they excuse, and when they turn into failures themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from harness.model import ItemResult, Outcome, Problem, Waiver

_EXCUSABLE = (Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN)


def live_waiver(item_id: str, waivers: Iterable[Waiver], today: dt.date) -> Waiver | None:
    """Return the waiver that covers ``item_id`` on ``today``, if any."""
    return next((w for w in waivers if w.item == item_id and today <= w.expires), None)


def excuse(outcome: Outcome, waiver: Waiver | None) -> Outcome:
    """Return ``waived`` where ``waiver`` covers an outcome that would block, else the outcome as it is."""
    return Outcome.WAIVED if waiver and outcome in _EXCUSABLE else outcome


def stale(waivers: Iterable[Waiver], results: Iterable[ItemResult], today: dt.date) -> Iterator[Problem]:
    """Yield a problem for each waiver that has expired or whose item holds without it."""
    outcomes = {r.id: r.outcome for r in results}
    for waiver in waivers:
        name = f"waiver for {waiver.item} (owner {waiver.owner})"
        if waiver.expires < today:
            text = f"The {name} expired on {waiver.expires}. Mend the item, or renew the waiver with a new reason."
            yield Problem(outcome=Outcome.FAIL, text=text)
        elif outcomes.get(waiver.item) not in (Outcome.WAIVED, None):
            text = f"The {name} excuses nothing: the item is {outcomes[waiver.item]}. Delete it from harness.toml."
            yield Problem(outcome=Outcome.FAIL, text=text)
