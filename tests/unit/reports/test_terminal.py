"""The report for a terminal: what passed is counted, and listed check by check where more is asked for."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from harness.model import Finding, Outcome, Report, Verdict
from harness.reports.terminal import lines


def test_passed_checks_are_listed_under_their_item_if_more_is_asked_for(
    report_of: Callable[[Verdict], Report],
) -> None:
    """With -v each passed check has a line below its item; otherwise none has."""
    some = report_of(Verdict.READY)
    found = [
        Finding(item="a.b", outcome=Outcome.PASS, check="stale", summary="Refused a stale delivery"),
        Finding(item="a.b", outcome=Outcome.PASS, check="forged", case="no-secret", summary="Refused a forgery"),
    ]
    item = msgspec.structs.replace(
        some.items[0], id="a.b", outcome=Outcome.PASS, summary="2 checks passed", findings=tuple(found)
    )
    report = msgspec.structs.replace(some, items=(item,))

    shown = [text for text, _ in lines(report, written="r", verbosity=1)]
    at = next(i for i, text in enumerate(shown) if "a.b: 2 checks passed" in text)
    assert [text.strip() for text in shown[at + 1 : at + 3]] == [
        "stale: Refused a stale delivery",
        "forged no-secret: Refused a forgery",
    ]
    assert not any("stale" in text for text, _ in lines(report, written="r"))
