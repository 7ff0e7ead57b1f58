"""The verdict: fail closed, for every way in which something may not be known."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from harness.errors import ConfigurationError
from harness.model import Finding, Item, Level, Mode, Outcome, Problem, Report, TargetSummary, Verdict, Waiver
from harness.readiness.checklist import Checklist, shipped
from harness.readiness.evaluate import assemble
from harness.readiness.judged_item import item_outcome
from harness.reports.text import advice

TODAY = dt.date(2026, 11, 24)


def item(item_id: str = "a", level: Level = Level.MUST, evidence: Mode | None = None) -> Item:
    return Item(id=item_id, level=level, text="it holds", remediation="mend it", evidence=evidence)


def finding(outcome: Outcome, item_id: str = "a", mode: Mode = Mode.LIVE) -> Finding:
    return Finding(item=item_id, outcome=outcome, summary=f"seen {outcome}", mode=mode)


def judged(
    *findings: Finding,
    items: tuple[Item, ...] = (item(),),
    problems: tuple[Problem, ...] = (),
    waivers: tuple[Waiver, ...] = (),
) -> Report:
    return assemble(
        run_id="run",
        checklist=Checklist(guide=(), item=items),
        target=TargetSummary(name="t", environment="local", config="harness.toml", config_digest="0"),
        findings=findings,
        problems=problems,
        waivers=waivers,
        missing={"b": ["[receiver] url"]},
        declared={},
        started_at=dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
        duration_s=1.0,
        today=TODAY,
        version="0",
    )


def waiver(expires: dt.date = TODAY) -> Waiver:
    return Waiver(item="a", reason="known", owner="team", expires=expires)


FIXES = (("a", ""), ("b", "of b"))
"""Two cases with their fixes."""
VERDICTS = {
    Outcome.PASS: Verdict.READY,
    Outcome.FAIL: Verdict.NOT_READY,
    Outcome.ERROR: Verdict.INCOMPLETE,
    Outcome.NOT_RUN: Verdict.INCOMPLETE,
    Outcome.NOT_APPLICABLE: Verdict.INCOMPLETE,
}


@pytest.mark.parametrize("outcome, expected", VERDICTS.items())
def test_one_item_decides_by_its_outcome(outcome: Outcome, expected: Verdict) -> None:
    """Only a pass is READY; a run that saw nothing but 'not applicable' has proved nothing."""
    assert judged(finding(outcome)).verdict is expected


@pytest.mark.parametrize("pair", list(itertools.permutations(VERDICTS, 2)))
def test_an_item_is_as_good_as_its_worst_finding(pair: tuple[Outcome, Outcome]) -> None:
    """Fail beats error beats not run beats pass beats not applicable, in any order of the findings."""
    worst = min(
        pair,
        key=[Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN, Outcome.PASS, Outcome.NOT_APPLICABLE].index,
    )

    assert item_outcome(finding(o) for o in pair) is worst


def test_nothing_found_is_incomplete_and_says_what_to_add() -> None:
    """An item without findings is not run, and its summary names the missing key."""
    report = judged(finding(Outcome.PASS), items=(item("a"), item("b")))

    assert report.verdict is Verdict.INCOMPLETE
    assert report.items[1].outcome is Outcome.NOT_RUN
    assert report.items[1].summary == "harness.toml does not set [receiver] url"


def test_an_empty_run_is_never_ready() -> None:
    """Without any finding the verdict is INCOMPLETE."""
    assert judged().verdict is Verdict.INCOMPLETE
    assert judged(items=()).verdict is Verdict.INCOMPLETE


def test_a_recording_does_not_prove_what_must_be_seen_live() -> None:
    """A pass from a cassette leaves a live item not run, and says so."""
    report = judged(finding(Outcome.PASS, mode=Mode.RECORDED), items=(item(evidence=Mode.LIVE),))

    assert report.items[0].outcome is Outcome.NOT_RUN
    assert report.items[0].summary == "Seen recorded only; live evidence is required"


def test_a_should_item_warns_without_blocking() -> None:
    """A failing `should` leaves READY, and is named as a warning."""
    report = judged(finding(Outcome.PASS), finding(Outcome.FAIL, "s"), items=(item(), item("s", Level.SHOULD)))

    assert report.verdict is Verdict.READY
    assert [i.id for i in report.warnings] == ["s"]


@pytest.mark.parametrize("outcome, expected", [(Outcome.FAIL, Verdict.NOT_READY), (Outcome.ERROR, Verdict.INCOMPLETE)])
def test_a_problem_of_the_run_keeps_it_from_ready(outcome: Outcome, expected: Verdict) -> None:
    """A crashed or interrupted run is not READY though every item passed."""
    assert judged(finding(Outcome.PASS), problems=(Problem(outcome=outcome, text="x"),)).verdict is expected


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN])
def test_a_live_waiver_excuses_until_its_last_day(outcome: Outcome) -> None:
    """On its last day a waiver still counts; the item reads as waived."""
    report = judged(finding(outcome), finding(Outcome.PASS, "b"), items=(item(), item("b")), waivers=(waiver(),))

    assert report.verdict is Verdict.READY
    assert report.items[0].outcome is Outcome.WAIVED


def test_an_expired_waiver_is_a_failure_itself() -> None:
    """The day after, it excuses nothing and is named."""
    report = judged(finding(Outcome.NOT_RUN), waivers=(waiver(TODAY - dt.timedelta(days=1)),))

    assert report.verdict is Verdict.NOT_READY
    assert "owner team) expired on 2026-11-23" in report.problems[0].text


def test_a_waiver_whose_item_passes_is_a_failure_itself() -> None:
    """A waiver that is no longer needed must go."""
    report = judged(finding(Outcome.PASS), waivers=(waiver(),))

    assert report.verdict is Verdict.NOT_READY
    assert "excuses nothing: the item's outcome is pass" in report.problems[0].text


def defect(finding_id: str = "F-1") -> Finding:
    return Finding(item="a", outcome=Outcome.FAIL, summary=f"broken ({finding_id})", id=finding_id)


def known(finding_id: str = "F-1", expires: dt.date = TODAY) -> Waiver:
    return Waiver(item="a", finding=finding_id, reason="known", owner="team", expires=expires)


def test_a_waived_finding_excuses_itself_alone() -> None:
    """The item is waived while the only failure is the named one, and fails with any other."""
    alone = judged(
        defect(), finding(Outcome.PASS), finding(Outcome.PASS, "b"), items=(item(), item("b")), waivers=(known(),)
    )
    both = judged(defect(), defect("F-2"), waivers=(known(),))

    assert (alone.items[0].outcome, alone.verdict) == (Outcome.WAIVED, Verdict.READY)
    assert alone.items[0].summary == "broken (F-1); waived by team until 2026-11-24: known"
    assert (both.items[0].outcome, both.verdict) == (Outcome.FAIL, Verdict.NOT_READY)
    assert both.items[0].summary == "broken (F-2)"


def test_an_expired_waiver_of_a_finding_is_a_failure_itself() -> None:
    """The day after, the finding fails again and the waiver is named with it."""
    report = judged(defect(), waivers=(known(expires=TODAY - dt.timedelta(days=1)),))

    assert report.items[0].outcome is Outcome.FAIL
    assert "waiver for F-1 of a (owner team) expired on 2026-11-23" in report.problems[0].text


def test_a_waived_finding_that_was_not_met_is_told() -> None:
    """It is named as perhaps stale and fails nothing; where nothing was looked at, nothing is said."""
    report = judged(finding(Outcome.PASS), waivers=(known(),))
    unseen = judged(finding(Outcome.NOT_RUN), waivers=(known(),))

    assert report.verdict is Verdict.READY
    assert "not seen in this run, so the waiver may be stale: F-1 (owner team)" in report.items[0].summary
    assert "stale" not in unseen.items[0].summary


def test_one_defect_met_by_several_tests_counts_once() -> None:
    """Findings of one id are one finding; those without an id are all kept."""
    report = judged(defect(), defect(), finding(Outcome.PASS), finding(Outcome.PASS))

    assert [f.id for f in report.items[0].findings] == ["F-1", "", ""]


def test_blockers_come_failures_first() -> None:
    """What failed stands before what is not known."""
    report = judged(finding(Outcome.NOT_RUN), finding(Outcome.FAIL, "b"), items=(item(), item("b")))

    assert [i.id for i in report.blockers] == ["b", "a"]


def test_the_shipped_checklist_is_whole() -> None:
    """Ids are unique, and every guide line is proved by items that exist."""
    checklist = shipped()

    ids = [i.id for i in checklist]
    assert len(ids) == len(set(ids))
    assert len(checklist.guide) == 5
    assert {i for line in checklist.guide for i in line.items} <= set(ids)
    assert all(i.text and i.remediation.endswith(".") for i in checklist)


def test_an_unknown_room_is_answered_with_the_nearest_one() -> None:
    """Where a room may be named, the hint is one too."""
    with pytest.raises(ConfigurationError, match=r"--only: .* is called 'webhook'. Did you mean 'webhooks'\?"):
        shipped().tested(["webhook"], [])


def test_an_unknown_item_is_named_with_the_nearest() -> None:
    """A misspelt id is an error that gives the right one."""
    with pytest.raises(
        ConfigurationError, match=r"no checklist item is called 'auth\.acepts'. Did you mean 'auth\.accepts'"
    ):
        shipped().require("auth.acepts", "here")


def test_an_own_item_may_not_take_a_shipped_id() -> None:
    """The user's items come after the shipped ones, under ids of their own."""
    extended = shipped().extended([item("own.backup")])

    assert list(extended)[-1].id == "own.backup"
    with pytest.raises(ConfigurationError, match="is taken by the checklist"):
        shipped().extended([item("auth.accepts")])


def test_what_should_be_lowers_a_must_item_to_a_warning() -> None:
    """A failing ``should`` finding shows on its item, warns, and does not keep the verdict from READY."""
    lesser = Finding(item="a", outcome=Outcome.FAIL, summary="not as it should", level=Level.SHOULD)

    report = judged(finding(Outcome.PASS), lesser, finding(Outcome.PASS, "c"), items=(item(), item("c")))

    assert (report.items[0].outcome, report.items[0].level) == (Outcome.FAIL, Level.SHOULD)
    assert report.items[0].summary == "not as it should"
    assert report.verdict is Verdict.READY
    assert [i.id for i in report.warnings] == ["a"]


@pytest.mark.parametrize("must", [Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN])
def test_what_should_be_hides_nothing_that_must_be(must: Outcome) -> None:
    """Beside a failing ``should`` finding, what must hold and does not, or is not known, still blocks."""
    lesser = Finding(item="a", outcome=Outcome.FAIL, summary="not as it should", level=Level.SHOULD)

    report = judged(finding(must), lesser)

    assert (report.items[0].outcome, report.items[0].level) == (must, Level.MUST)
    assert report.verdict is VERDICTS[must]


@pytest.mark.parametrize("must", [Outcome.FAIL, Outcome.ERROR])
def test_the_finding_that_the_summary_is_about_comes_first(must: Outcome) -> None:
    """The finding that decides the item is the first, because reports show the fix and command of that one."""
    recommended = Finding(item="a", outcome=Outcome.FAIL, summary="recommended", level=Level.SHOULD, case="a", fix="no")
    required = Finding(item="a", outcome=must, summary="required", case="b", fix="this")

    [result] = judged(recommended, required).items

    assert result.summary.startswith("required")
    assert result.findings == (required, recommended)
    assert advice(result) == (("Fix", "this") if must is Outcome.FAIL else ("Needed", result.remediation))


def test_the_fix_of_one_finding_is_not_given_for_another() -> None:
    """If the deciding finding has no fix, the remediation of its item is shown."""
    first, second = (Finding(item="a", outcome=Outcome.FAIL, summary=case, case=case, fix=fix) for case, fix in FIXES)

    [result] = judged(second, first).items

    assert result.summary == "a (and 1 more)"
    assert advice(result) == ("Fix", result.remediation)


def test_the_fix_of_a_recorded_finding_is_not_given_for_a_live_one() -> None:
    """Where only live evidence counts, the summary, and therefore the fix, is of the live finding."""
    recorded = Finding(item="a", outcome=Outcome.FAIL, summary="old", case="a", fix="of old", mode=Mode.RECORDED)
    live = Finding(item="a", outcome=Outcome.FAIL, summary="new", case="b", fix="of new")

    [result] = judged(recorded, live, items=(item(evidence=Mode.LIVE),)).items

    assert result.summary == "new"
    assert advice(result) == ("Fix", "of new")


def test_advice_alone_proves_nothing() -> None:
    """A must item of which only ``should`` findings are known is not run."""
    report = judged(Finding(item="a", outcome=Outcome.PASS, summary="as it should", level=Level.SHOULD))

    assert report.items[0].outcome is Outcome.NOT_RUN
    assert report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("order", [1, -1], ids=["passes-first", "fails-first"])
def test_of_one_defect_the_worst_sighting_counts(order: int) -> None:
    """A check that missed a defect, or knows it from a recording only, hides nothing of one that met it live."""
    met = Finding(item="a", id="F-1", outcome=Outcome.FAIL, summary="met")
    others = [
        Finding(item="a", id="F-1", outcome=Outcome.PASS, summary="missed"),
        Finding(item="a", id="F-1", outcome=Outcome.FAIL, summary="recorded", mode=Mode.RECORDED),
    ]

    again = Finding(item="a", id="F-1", outcome=Outcome.FAIL, summary="met")
    report = judged(*[*others, met, again][::order], items=(item(evidence=Mode.LIVE),))

    assert report.verdict is Verdict.NOT_READY
    assert [f.summary for f in report.items[0].findings] == ["met", "recorded"]
