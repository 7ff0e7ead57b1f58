"""At a vendor's API, what only the vendor can correct is reported beside the verdict, and decides nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from harness.model import (
    Finding,
    FixedBy,
    Item,
    ItemResult,
    Level,
    Outcome,
    ProviderOwner,
    Report,
    TargetSummary,
    Verdict,
    Waiver,
)
from harness.readiness.checklist import Checklist
from harness.readiness.evaluate import assemble
from harness.readiness.touched import touched_items

TODAY = dt.date(2026, 11, 28)
THEIRS = Item(id="theirs", level=Level.MUST, text="t", remediation="r", fixed_by=FixedBy.PROVIDER)
BOTH = Item(id="both", level=Level.MUST, text="t", remediation="r")
OURS = Item(id="ours", level=Level.MUST, text="t", remediation="r")
VENDOR = ProviderOwner(ours=False, declared=True)


def finding(outcome: Outcome, *, item: str = "theirs", **fields: Any) -> Finding:
    given: dict[str, Any] = {"fixed_by": FixedBy.PROVIDER, "summary": "s", **fields}
    return Finding(item=item, outcome=outcome, **given)


def holds(item: str = "ours") -> Finding:
    return Finding(item=item, outcome=Outcome.PASS, summary="holds")


def judged(
    *findings: Finding, counts: bool = False, missing: tuple[str, ...] = (), waivers: tuple[Waiver, ...] = ()
) -> Report:
    return assemble(
        run_id="run",
        checklist=Checklist(guide=(), item=(THEIRS, BOTH, OURS)),
        target=TargetSummary(name="t", environment="staging", config="harness.toml", config_digest="0"),
        findings=[holds(), *findings],
        waivers=waivers,
        missing={"theirs": missing},
        declared={},
        started_at=dt.datetime(2026, 11, 28, tzinfo=dt.UTC),
        duration_s=1.0,
        today=TODAY,
        version="0",
        provider=VENDOR,
        provider_counts=counts,
    )


def result(report: Report, item: str = "theirs") -> ItemResult:
    return next(i for i in report.items if i.id == item)


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
def test_what_the_vendor_alone_can_correct_never_blocks(outcome: Outcome) -> None:
    """The item does not apply, the finding is reported as `should`, and the verdict can be READY."""
    report = judged(finding(outcome), holds("both"))

    assert report.verdict is Verdict.READY
    assert result(report).outcome is Outcome.NOT_APPLICABLE
    assert result(report).summary == "vendor's API: 1 finding, shown separately"
    assert result(report).findings == ()
    assert [(d.item, d.level, [f.level for f in d.findings]) for d in report.vendor] == [
        ("theirs", Level.SHOULD, [Level.SHOULD])
    ]


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
def test_a_provider_of_ones_own_is_judged_as_ever(outcome: Outcome) -> None:
    """The same finding decides where the provider counts, and no section is made of it."""
    report = judged(finding(outcome), holds("both"), counts=True)

    assert result(report).outcome is outcome
    assert report.verdict is not Verdict.READY
    assert report.vendor == ()


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
def test_a_test_of_ones_own_counts_at_a_vendors_api_too(outcome: Outcome) -> None:
    """It verifies an item of the provider, and its finding is not the vendor's."""
    own = finding(outcome, fixed_by=FixedBy.INTEGRATION, summary="own")
    report = judged(finding(Outcome.FAIL), own, holds("both"))

    assert result(report).outcome is outcome
    assert result(report).summary == "own"
    assert [f.summary for d in report.vendor for f in d.findings] == ["s"]


def test_what_was_not_sent_is_not_missing() -> None:
    """An item of the provider whose checks did not run does not apply, with the reason; others stay not run."""
    skipped = finding(Outcome.NOT_RUN, fixed_by=FixedBy.INTEGRATION, observed="[fuzz] is not set")
    report = judged(skipped, finding(Outcome.PASS), finding(Outcome.NOT_RUN, item="both"))

    assert result(report).outcome is Outcome.NOT_APPLICABLE
    assert result(report).summary == "vendor's API: [fuzz] is not set"
    assert result(report, "both").outcome is Outcome.NOT_RUN
    assert report.verdict is Verdict.INCOMPLETE


def test_an_item_without_any_check_or_key_does_not_apply() -> None:
    """Its summary names the key that would have it checked."""
    assert result(judged()).summary == "vendor's API: nothing of it was checked"
    named = result(judged(missing=("[provider] auth",)))
    assert named.summary == "vendor's API: harness.toml does not set [provider] auth"
    assert named.outcome is Outcome.NOT_APPLICABLE


def test_an_item_of_the_provider_that_holds_passes() -> None:
    """A vendor's API that does what its document promises is shown to."""
    assert result(judged(finding(Outcome.PASS))).outcome is Outcome.PASS


def test_an_item_of_both_is_decided_by_what_is_left() -> None:
    """The integration's own part decides; where nothing of it is left, the item does not apply."""
    theirs = finding(Outcome.FAIL, item="both")
    ours = Finding(item="both", outcome=Outcome.FAIL, summary="ours")

    assert result(judged(theirs, holds("both")), "both").outcome is Outcome.PASS
    assert result(judged(theirs, ours), "both").summary == "ours"
    assert result(judged(theirs), "both").outcome is Outcome.NOT_APPLICABLE


def test_findings_of_one_cause_are_one_entry() -> None:
    """It has all operations and ids; another check or cause of the item is another entry."""
    labels = [f"GET /{n}" for n in range(465)]
    same = [finding(Outcome.FAIL, check="c", summary=f"{x}: answers 404").named(x, "c", "404") for x in labels]
    other = finding(Outcome.FAIL, check="c", summary="GET /0: answers 500").named("GET /0", "c", "500")
    first, second = judged(other, *same).vendor

    assert (first.cause, first.operations, len(first.ids)) == ("answers 404", tuple(labels), 465)
    assert (second.cause, second.operations) == ("answers 500", ("GET /0",))


def test_one_reason_why_nothing_could_be_judged_is_one_entry() -> None:
    """Several checks have the same reason, which is shown instead of their summaries."""
    unknown = [finding(Outcome.ERROR, check=c, summary=f"{c}: could not be judged", observed="no key") for c in "ab"]

    assert [(d.cause, len(d.findings)) for d in judged(*unknown).vendor] == [("no key", 2)]


def test_a_cause_is_named_by_its_check_where_the_summary_has_the_operation() -> None:
    """Violations of one kind are alike whatever the summary says."""
    alike = [
        finding(Outcome.FAIL, summary=f"{x} answering 200 breaks the spec", subject=x, cause="no id")
        for x in ("a", "b")
    ]

    assert [(d.cause, d.operations) for d in judged(*alike).vendor] == [("no id", ("a", "b"))]


def test_a_waiver_of_an_item_that_does_not_apply_is_no_fault() -> None:
    """Who waived a vendor's findings is not stopped by the waivers; one that has expired is reported all the same."""
    live = Waiver(item="theirs", reason="r", owner="o", expires=TODAY)
    over = Waiver(item="theirs", reason="r", owner="o", expires=TODAY - dt.timedelta(days=1))

    assert judged(finding(Outcome.FAIL), holds("both"), waivers=(live,)).verdict is Verdict.READY
    assert "expired" in judged(finding(Outcome.FAIL), waivers=(over,)).problems[0].text


def test_plain_pytest_judges_the_same() -> None:
    """The items that a run touches are decided in the same way as by the gate."""
    touched = touched_items([THEIRS], [finding(Outcome.FAIL, test="t")], waivers=(), today=TODAY, provider_counts=False)

    assert [t.result.outcome for t in touched] == [Outcome.NOT_APPLICABLE]
