"""All operations that the server does not have are one finding, and waivers of its parts remain valid."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from harness.model import Finding, FixedBy, Item, ItemResult, Level, Outcome, Waiver
from harness.model.cause import UNCHECKED
from harness.model.spec_coverage import CLIENT_RUNS, Coverage, OperationCoverage, Source
from harness.readiness import vendor
from harness.readiness.evaluate import by_item
from harness.readiness.judged_item import evaluate_item
from harness.readiness.one_cause import cause_id, marked
from harness.readiness.waivers import covering, effective, followed
from harness.webhooks import receiver_causes
from harness.webhooks.cases import malformed_bodies
from harness.webhooks.receiver_causes import Needs

TODAY = dt.date(2026, 11, 28)
ITEM = Item(id="contract.fuzz", level=Level.MUST, text="t", remediation="r")
CAUSE = "the server does not have the operation"


def missing(label: str, cause: str = "Undocumented status code") -> Finding:
    found = Finding(
        item="contract.fuzz",
        outcome=Outcome.FAIL,
        summary=f"{label}: {cause}",
        check="unserved",
        cause=CAUSE,
        fix="Serve it.",
        fixed_by=FixedBy.PROVIDER,
        case=label,
    )
    return found.named(label, "status", cause)


def other(label: str, check: str = "chains") -> Finding:
    found = Finding(
        item="contract.fuzz",
        outcome=Outcome.FAIL,
        summary=f"{label}: s",
        check=check,
        fixed_by=FixedBy.PROVIDER,
    )
    return found.named(label, check, "other")


def waiver(finding_id: str) -> Waiver:
    return Waiver(item="contract.fuzz", finding=finding_id, reason="known", owner="Ann", expires=TODAY)


def judged(*findings: Finding, waivers: tuple[Waiver, ...] = ()) -> ItemResult:
    return evaluate_item(ITEM, findings, missing=(), waivers=waivers, today=TODAY)


LABELS = [f"GET /v1/{n}" for n in range(465)]


def test_all_operations_are_one_finding() -> None:
    """It has a sentence with the first few, and the operations and ids of all."""
    [found] = judged(*map(missing, LABELS), missing(LABELS[0], "Undocumented content type")).findings

    assert found.summary == (
        "The server does not have 465 operations of the spec: GET /v1/0, GET /v1/1, GET /v1/2 and 462 more "
        f"({found.id})"
    )
    assert found.operations == tuple(LABELS)
    assert len(found.ids) == 466
    assert (found.outcome, found.fix) == (Outcome.FAIL, "Serve it.")


def test_its_id_does_not_depend_on_which_they_are() -> None:
    """One operation more is the same finding."""
    assert judged(missing("GET /a")).findings[0].id == judged(missing("GET /b"), missing("GET /c")).findings[0].id


def test_it_is_the_summary_of_the_item_before_others() -> None:
    """What stands for many comes first, whatever the order of the tests."""
    assert judged(other("GET /z"), missing("GET /a")).summary.startswith("The server does not have 1 operation of")


def test_what_chains_find_at_such_an_operation_is_part_of_it() -> None:
    """Also where both found the same defect, and the chains were first; what is elsewhere remains by itself."""
    same = missing("GET /a")
    of_chain = Finding(
        item=same.item,
        outcome=same.outcome,
        summary=same.summary,
        id=same.id,
        subject=same.subject,
        check="chains",
        fixed_by=FixedBy.PROVIDER,
    )
    findings = judged(of_chain, same, other("GET /a"), other("GET /b")).findings

    assert [f.operations for f in findings] == [("GET /a",), ()]
    assert findings[0].ids == (same.id, other("GET /a").id)
    assert findings[1].subject == "GET /b"


def test_a_waiver_of_the_finding_covers_all_of_it() -> None:
    """It counts as used, and not as stale."""
    waivers = (waiver(cause_id(missing("GET /a"))),)
    result = judged(missing("GET /a"), missing("GET /b"), waivers=waivers)

    assert result.outcome is Outcome.WAIVED
    assert result.findings[0].summary.endswith(f"waived by Ann until {TODAY}: known")
    assert "stale" not in result.summary
    assert effective(waivers, [result], TODAY) == waivers


def test_a_waiver_of_one_operation_remains_valid() -> None:
    """What it names is waived, and the rest fails as before; all such waivers together are enough."""
    a, b = missing("GET /a"), missing("GET /b")
    partly = judged(a, b, waivers=(waiver(a.id),))
    wholly = judged(a, b, waivers=(waiver(a.id), waiver(b.id)))

    assert partly.outcome is Outcome.FAIL
    assert [f.operations for f in partly.findings] == [("GET /b",), ("GET /a",)]
    assert wholly.outcome is Outcome.WAIVED
    assert "stale" not in partly.summary + wholly.summary
    assert len(effective((waiver(a.id), waiver(b.id)), [wholly], TODAY)) == 2


def test_at_a_vendors_api_it_is_one_difference() -> None:
    """With what the chains found there."""
    [difference] = vendor.differences([ITEM], [other("GET /a"), missing("GET /a"), missing("GET /b")])

    assert (difference.cause, difference.operations) == (CAUSE, ("GET /a", "GET /b"))


WITHOUT_ALLOW = "405 without Allow"


def shared(label: str, cause: str = WITHOUT_ALLOW, check: str = "generated", **more: Any) -> Finding:
    found = Finding(
        item="contract.fuzz",
        outcome=Outcome.FAIL,
        summary=f"{label}: {check}",
        check=check,
        cause=cause,
        fixed_by=FixedBy.PROVIDER,
        reproduce=f"again {label}",
        **more,
    )
    return found.named(label, check, cause)


def test_findings_of_one_cause_are_one_across_operations_and_checks() -> None:
    """It names the cause and the first five operations, and keeps id, check and command of each."""
    members = [shared(f"GET /{n}") for n in range(7)] + [shared("GET /0", check="problems")]
    [found] = judged(*members).findings

    assert found.summary == (
        f"405 without Allow, at 7 operations: GET /0, GET /1, GET /2, GET /3, GET /4 and 2 more ({found.id})"
    )
    assert found.id == cause_id(members[0])
    assert found.ids == tuple(f.id for f in members)
    assert [(m.subject, m.check, m.reproduce) for m in found.members][-2:] == [
        ("GET /6", "generated", "again GET /6"),
        ("GET /0", "problems", "again GET /0"),
    ]


def test_two_checks_of_one_operation_report_one_fault() -> None:
    """The summary names the operation without a number; a check of the path is about its operation too."""
    [found] = judged(shared("/a", check="problems"), shared("GET /a"), shared("GET /a", check="problems")).findings

    assert found.summary == f"405 without Allow: GET /a ({found.id})"


def test_another_cause_is_another_finding() -> None:
    """So is what has no cause that others share; a cause of one finding keeps its id."""
    alone = shared("GET /a", "Server error 500: KeyError")
    findings = judged(shared("GET /a"), shared("GET /b"), alone, other("GET /a"), other("GET /b")).findings

    assert len(findings) == 4
    assert alone.id in [f.id for f in findings]


@pytest.mark.parametrize("waived", ["group", "members"])
def test_waivers_of_a_cause_and_of_its_members_are_valid(waived: str) -> None:
    """The id of the cause covers all; those of the members together do too."""
    members = [shared("GET /a"), shared("GET /b", check="problems")]
    ids = [cause_id(members[0])] if waived == "group" else [f.id for f in members]
    result = judged(*members, waivers=tuple(map(waiver, ids)))

    assert result.outcome is Outcome.WAIVED
    assert "stale" not in result.summary


def test_crashes_come_before_broken_schemas_before_the_rest() -> None:
    """Whatever the order in which the tests found them."""
    causes = ["Content type a instead of b", "Response breaks #/x (type)", "Server error 500: KeyError"]
    findings = judged(*(shared(f"GET /{n}", cause) for n, cause in enumerate(causes))).findings

    assert [f.cause for f in findings] == causes[::-1]


def test_what_the_integration_calls_comes_first_and_is_marked() -> None:
    """Before a crash elsewhere; calls of the checks alone do not count."""
    crash, called = shared("GET /a", "Server error 500: KeyError"), shared("GET /b")
    coverage = Coverage(
        operations=(
            OperationCoverage(operation="GET /a", sources=(Source(name="fuzzing", statuses={"500": 1}),)),
            OperationCoverage(operation="GET /b", sources=(Source(name="scenarios", statuses={"200": 1}),)),
        )
    )
    result = judged(*marked([crash, called], coverage))

    assert [(f.id, f.called) for f in result.findings] == [(called.id, ("GET /b",)), (crash.id, ())]


def test_what_runs_of_the_client_call_is_marked() -> None:
    """It is marked in the same way as what scenarios call."""
    seen = Source(name=CLIENT_RUNS, statuses={"200": 1})
    coverage = Coverage(operations=(OperationCoverage(operation="GET /b", sources=(seen,)),))

    assert [f.called for f in marked([shared("GET /b")], coverage)] == [("GET /b",)]


def forgery(check: str) -> Finding:
    """Return that the receiver took a forgery."""
    found = Finding(item=ITEM.id, outcome=Outcome.FAIL, summary=f"Processed {check}", check=check, case=check)
    return found.named("", check, "")


def test_a_receiver_that_compares_no_signature_has_one_cause() -> None:
    """All forgeries that it takes are one finding of each item, named by their cases; genuine deliveries stay apart."""
    taken = [forgery(check) for check in ("missing", "wrong-secret", "altered-body")]
    genuine = forgery("genuine")

    elsewhere = msgspec.structs.replace(forgery("reserialised"), item="webhooks.raw-body")
    of_item = by_item([*taken, genuine, elsewhere])

    [found, apart] = sorted(judged(*of_item[ITEM.id]).findings, key=lambda f: -len(f.members))

    assert found.summary.startswith(
        "The receiver processes deliveries whatever their signature, "
        "at 3 deliveries: missing, wrong-secret, altered-body"
    )
    assert "library of its scheme" in found.fix
    assert found.ids == tuple(f.id for f in taken)
    assert apart.check == "genuine"
    assert [f.cause for f in of_item["webhooks.raw-body"]] == [found.cause]


def test_a_forgery_that_is_acknowledged_and_ignored_is_of_the_same_cause() -> None:
    """A receiver that compares no signature acknowledges what it cannot read for the same reason."""
    unread = msgspec.structs.replace(forgery("ignored-forgery"), case="forged-compressed", subject="forged-compressed")

    [found] = judged(*by_item([forgery("wrong-secret"), unread])[ITEM.id]).findings
    [alone] = judged(*by_item([unread])[ITEM.id]).findings

    assert "whatever their signature, at 2 deliveries: wrong-secret, forged-compressed" in found.summary
    assert alone.check == "ignored-forgery"


def test_a_receiver_that_takes_some_forgeries_has_several_causes() -> None:
    """Who refuses a made-up signature compares it, and is wrong about each of the others by itself."""
    taken = [forgery(check) for check in ("missing", "altered-body")]

    assert {f.check for f in judged(*by_item(taken)[ITEM.id]).findings} == {"missing", "altered-body"}


def test_an_operation_that_checks_no_credential_accepts_wrong_ones_too() -> None:
    """All that it accepts is one finding; what only takes half of a credential elsewhere is another."""
    accepted = [
        shared(label, cause, check=cause)
        for label, cause in [
            ("GET /a", UNCHECKED[0]),
            ("GET /a", UNCHECKED[1]),
            ("GET /a", UNCHECKED[2]),
            ("GET /b", UNCHECKED[0]),
            ("GET /b", UNCHECKED[3]),
            ("GET /c", UNCHECKED[2]),
        ]
    ]
    found = judged(*accepted).findings

    assert {(f.cause, f.operations or (f.subject,)) for f in found} == {
        (UNCHECKED[0], ("GET /a", "GET /b")),
        (UNCHECKED[2], ("GET /c",)),
    }
    assert {i for f in found for i in f.ids or (f.id,)} == {f.id for f in accepted}


def test_a_note_decides_nothing_and_stands_apart() -> None:
    """Notes of one cause are one; the item holds by what passed."""
    passed = Finding(item="contract.fuzz", outcome=Outcome.PASS, summary="p", check="generated")
    result = judged(passed, shared("GET /a", note="why"), shared("GET /b", note="why"))

    assert result.outcome is Outcome.PASS
    assert [f.operations for f in result.notes] == [("GET /a", "GET /b")]
    assert all(not f.note for f in result.findings)


def test_a_waiver_of_a_note_is_not_stale() -> None:
    """Nor is a note that is waived a finding."""
    found = shared("GET /a", note="why")
    result = judged(found, shared("GET /b"), waivers=(waiver(found.id),))

    assert "stale" not in result.summary
    assert [f.subject for f in result.findings] == ["GET /b"]


def test_one_cause_is_one_difference_of_a_vendor() -> None:
    """Whichever checks found it; notes are none."""
    found = [shared("GET /a"), shared("GET /b", check="problems"), shared("GET /c", note="why")]
    [difference] = vendor.differences([ITEM], found)

    assert (difference.cause, difference.operations) == (WITHOUT_ALLOW, ("GET /a", "GET /b"))


FORGED = "The receiver answers HTTP 500 to deliveries that need no signature, so anybody can cause it"


def forged(case: str, level: Level = Level.MUST) -> Finding:
    return Finding(
        item="webhooks.robust",
        outcome=Outcome.FAIL,
        summary=f"Returned a server error for {case}",
        check="error-status",
        case=case,
        subject=case,
        cause=FORGED,
        level=level,
        id=f"F-{case}",
        once_of="webhooks.signatures",
    )


def robust(*findings: Finding, waivers: tuple[Waiver, ...] = ()) -> ItemResult:
    item = Item(id="webhooks.robust", level=Level.MUST, text="t", remediation="r")
    return evaluate_item(item, findings, missing=(), waivers=followed(waivers, findings), today=TODAY)


def test_what_a_receiver_does_to_many_deliveries_is_one_finding() -> None:
    """It names its cause, the first deliveries, and has all ids; it requires what any of them requires."""
    [found] = robust(*(forged(f"case-{n}", Level.SHOULD if n else Level.MUST) for n in range(31))).findings

    assert found.summary == (
        f"{FORGED}, at 31 deliveries: case-0, case-1, case-2, case-3, case-4 and 26 more ({cause_id(forged('case-0'))})"
    )
    assert (found.level, len(found.ids), found.operations) == (Level.MUST, 31, ())
    assert [m.subject for m in found.members[:2]] == ["case-0", "case-1"]


BODY_LIST = next(case for case in malformed_bodies.CASES if case.id == "body-list")


def signed(case: str) -> Finding:
    cause = f"The receiver answers HTTP 500 to {Needs.THE_SECRET.value}"
    return msgspec.structs.replace(forged(case, Level.SHOULD), cause=cause, once_of="")


def test_garbage_that_is_processed_explains_a_server_error_for_other_json() -> None:
    """One check of the content is missing; what anybody can cause, and what is not JSON, have other causes."""
    taken = receiver_causes.processed_garbage(BODY_LIST).finding(BODY_LIST, "HTTP 200", reproduce="", request="")

    alone = robust(signed("body-null"), signed("list-data")).findings
    [one, *others] = robust(
        taken, signed("body-null"), signed("generated"), signed("body-not-json"), forged("body-list")
    ).findings

    assert [f.cause for f in alone] == [signed("x").cause]
    assert one.cause == "The receiver does not check what signed bodies contain"
    assert [m.subject for m in one.members] == ["body-list", "body-null", "generated"]
    assert (one.level, one.fix) == (Level.MUST, receiver_causes.GARBAGE.fix)
    assert sorted(f.subject for f in others) == ["body-list", "body-not-json"]


def test_a_single_delivery_is_a_finding_of_its_own() -> None:
    """Its summary is more precise than its cause."""
    [found] = robust(forged("missing")).findings

    assert found.summary == "Returned a server error for missing"


@pytest.mark.parametrize("item", ["webhooks.robust", "webhooks.signatures"])
def test_a_waiver_follows_its_finding_to_another_item(item: str) -> None:
    """One that was written when the finding was about another item is as valid as a new one, and is not stale."""
    old = Waiver(item=item, finding="F-missing", reason="known", owner="Ann", expires=TODAY)

    result = robust(forged("missing"), waivers=(old,))

    assert (result.outcome, [f.outcome for f in result.findings]) == (Outcome.WAIVED, [Outcome.WAIVED])
    assert [w.item for w in covering(forged("missing"), [old])] == ["webhooks.robust"]


def test_a_waiver_of_a_third_item_does_not_follow() -> None:
    """Only the item that the finding was about is meant."""
    other_item = Waiver(item="webhooks.rotation", finding="F-missing", reason="known", owner="Ann", expires=TODAY)

    assert robust(forged("missing"), waivers=(other_item,)).outcome is Outcome.FAIL
