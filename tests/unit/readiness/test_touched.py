"""A run of some tests reports only the items that it touched."""

from __future__ import annotations

import datetime as dt

from harness.model import Finding, Item, Level, Mode, Outcome, Waiver
from harness.readiness.touched import TouchedItem, expired_waivers, touched_items

TODAY = dt.date(2026, 11, 24)
ITEMS = [
    Item(id=name, level=Level.MUST, text="it holds", remediation="mend it", evidence=Mode.LIVE) for name in ("a", "b")
]


def finding(outcome: Outcome, **fields: object) -> Finding:
    return Finding(**{"item": "a", "outcome": outcome, "summary": "seen", "test": "test_x.py::test_x", **fields})  # type: ignore[arg-type]  # fields of every type


def touched(*findings: Finding, waivers: tuple[Waiver, ...] = ()) -> list[TouchedItem]:
    return list(touched_items(ITEMS, findings, waivers=waivers, today=TODAY))


def test_an_item_without_findings_is_not_touched() -> None:
    """An item is not touched without a finding, nor by a check of the whole run that did not run."""
    (only,) = touched(finding(Outcome.PASS), finding(Outcome.NOT_RUN, item="b", test=""))

    assert (only.result.id, only.result.outcome, only.unseen) == ("a", Outcome.PASS, None)


def test_a_skipped_test_touches_its_item() -> None:
    """A skipped test that verifies an item touches it, with the reason for the skip."""
    (skipped,) = touched(finding(Outcome.NOT_RUN))

    assert (skipped.result.outcome, skipped.result.summary) == (Outcome.NOT_RUN, "seen")


def test_recorded_evidence_counts_and_is_named() -> None:
    """A recorded failure counts as a failure, and a recorded pass is marked, although the item needs live evidence."""
    (held,) = touched(finding(Outcome.PASS, mode=Mode.RECORDED))
    (failed,) = touched(finding(Outcome.FAIL, mode=Mode.RECORDED))

    assert (held.result.outcome, held.unseen) == (Outcome.PASS, Mode.LIVE)
    assert failed.result.outcome is Outcome.FAIL
    assert touched(finding(Outcome.PASS, mode=Mode.RECORDED), finding(Outcome.PASS))[0].unseen is None


def test_waivers_excuse_until_they_expire() -> None:
    """A current waiver excuses, an expired one is named if its item failed, and an unused one is not mentioned."""
    waiver = Waiver(item="a", reason="known", owner="team", expires=TODAY)
    over = Waiver(item="a", reason="known", owner="team", expires=TODAY - dt.timedelta(days=1))
    unmet = Waiver(item="a", finding="F-1", reason="known", owner="team", expires=TODAY)

    (excused,) = touched(finding(Outcome.FAIL), waivers=(waiver,))
    failed = touched(finding(Outcome.FAIL), waivers=(over,))
    (held,) = touched(finding(Outcome.PASS), waivers=(unmet,))

    assert excused.result.outcome is Outcome.WAIVED
    assert held.result.summary == "seen"
    assert ["expired" in p.text for p in expired_waivers(failed, [waiver, over], TODAY)] == [True]
    assert not list(expired_waivers([excused], [over], TODAY))


def test_an_expired_waiver_of_another_finding_is_not_named() -> None:
    """It would not have excused what failed here; whether its own finding still occurs, this run does not show."""
    over = Waiver(item="a", finding="F-1", reason="known", owner="team", expires=TODAY - dt.timedelta(days=1))

    assert not list(expired_waivers(touched(finding(Outcome.FAIL, id="F-2")), [over], TODAY))
    assert len(list(expired_waivers(touched(finding(Outcome.FAIL, id="F-1")), [over], TODAY))) == 1
