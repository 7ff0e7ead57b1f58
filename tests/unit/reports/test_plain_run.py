"""The readiness section of plain pytest: one line for what passes, and each failed finding with its fix."""

from __future__ import annotations

import datetime as dt

from harness.model import Finding, Item, Level, Mode, Outcome
from harness.readiness.checklist import shipped
from harness.readiness.touched import TouchedItem, touched_items
from harness.reports.plain_run import plain_lines

WHOLE = "Run the whole checklist: harness gate"
PASS, FAIL = "\N{CHECK MARK} pass    ", "\N{MULTIPLICATION X} fail    "


def touched(
    *names: str,
    outcome: Outcome = Outcome.PASS,
    mode: Mode = Mode.LIVE,
    level: Level = Level.MUST,
    summary: str = "seen",
    evidence: Mode = Mode.LIVE,
) -> list[TouchedItem]:
    items = [Item(id=n, level=level, text="it holds", remediation="Mend it.", evidence=evidence) for n in names]
    findings = [Finding(item=n, outcome=outcome, summary=summary, mode=mode, test="t") for n in names]
    return list(touched_items(items, findings, waivers=(), today=dt.date(2026, 11, 24)))


def shown(items: list[TouchedItem], verbosity: int = 0) -> list[str]:
    return [text for text, _ in plain_lines(items, verbosity=verbosity)]


def test_what_holds_is_named_in_one_line() -> None:
    """Items that pass share one line, which counts them if the names do not fit; ``-v`` gives each a line."""
    many = touched(*(item.id for item in shipped()))

    assert shown(touched("a", "b")) == [f"{PASS}a, b", WHOLE]
    assert shown(many) == [f"{PASS}{len(many)} items (-v names them)", WHOLE]
    assert len(shown(many, 1)) == len(many) + 1


def test_recorded_evidence_is_marked() -> None:
    """The line of recorded evidence is grammatical for one item and for several."""
    one, two = touched("a", mode=Mode.RECORDED), touched("a", "b", mode=Mode.RECORDED)

    assert shown(one) == [f"{PASS}a: seen recorded only; the gate runs it live", WHOLE]
    assert shown(two) == [f"{PASS}a, b: seen recorded only; the gate runs them live", WHOLE]


def test_live_evidence_of_what_must_be_recorded_is_marked() -> None:
    """An item that is proved by recordings is not announced as one that the gate runs live."""
    one, two = (touched(*names, evidence=Mode.RECORDED) for names in ("a", "ab"))

    assert shown(one) == [f"{PASS}a: seen live only; the gate plays it from cassettes", WHOLE]
    assert shown(two) == [f"{PASS}a, b: seen live only; the gate plays them from cassettes", WHOLE]
    assert f"{PASS}a: seen; seen live only; the gate plays it from cassettes" in shown(one, 1)


def test_the_reason_of_a_skip_is_shown_as_it_was_written() -> None:
    """The words of a test are its author's, whether one item or several share them."""
    skipped = touched("a", "b", outcome=Outcome.NOT_RUN, summary="skipped: it is slow when it runs here")

    assert shown(skipped)[0] == "? not run a, b: skipped: it is slow when it runs here"


def test_items_that_fail_by_one_finding_share_its_lines() -> None:
    """The finding is shown once with its fix, even with -q, and a recommendation is marked."""
    lines = [f"{FAIL}a, b: seen", "          Fix: Mend it.", WHOLE]

    assert shown(touched("a", "b", outcome=Outcome.FAIL)) == lines
    assert shown([*touched("a", "b", outcome=Outcome.FAIL), *touched("c")], -1) == lines
    assert shown(touched("a", outcome=Outcome.FAIL, level=Level.SHOULD))[0] == f"{FAIL}a (should): seen"
    assert shown(touched("a", outcome=Outcome.ERROR)) == ["! error   a: seen", "          Needed: Mend it.", WHOLE]


def test_nothing_to_report_is_nothing() -> None:
    """There is no line without a touched item, nor with -q if all pass."""
    assert shown([]) == []
    assert shown(touched("a"), -1) == []
