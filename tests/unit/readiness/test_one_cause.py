"""All operations that the server does not have are one finding, and waivers of its parts remain valid."""

from __future__ import annotations

import datetime as dt

from harness.model import Finding, FixedBy, Item, ItemResult, Level, Outcome, Waiver
from harness.readiness import vendor
from harness.readiness.evaluate import evaluate_item
from harness.readiness.one_cause import cause_id
from harness.readiness.waivers import effective

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
