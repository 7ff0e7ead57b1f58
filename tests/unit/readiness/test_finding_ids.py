"""Each finding that failed has an id, which is the same in every run."""

from __future__ import annotations

import msgspec
import pytest

from harness.model import Finding, Outcome
from harness.readiness.admission import Admission
from harness.readiness.checklist import shipped
from harness.readiness.finding_ids import identified
from harness.webhooks.cases import CASES

FAILED = Finding(item="own.a", outcome=Outcome.FAIL, summary="order run_0f3a9c12 is lost after 0.5 s")


def test_the_id_of_a_row_is_that_of_its_case() -> None:
    """What was observed, and the test that observed it, are no part of it; the fixture of a case is."""
    row = CASES[0]
    first = identified(row.finding(Outcome.FAIL, "HTTP 200 from port 4711"), "a")
    second = identified(row.finding(Outcome.FAIL, "HTTP 201", summary="others"), "b")
    fixtures = {identified(row.finding(Outcome.FAIL, "", case=f"{row.id}-{n}"), "").id for n in ("a", "b")}

    assert first.id == second.id
    assert first.id.startswith("F-")
    assert len(fixtures | {first.id}) == 3


def test_a_finding_of_your_own_is_named_by_its_test_and_its_words() -> None:
    """Ids, times and ports in the summary change; the test and the words do not."""
    again = msgspec.structs.replace(FAILED, summary="order run_77ab41d0 is lost after 1.25 s")
    other = msgspec.structs.replace(FAILED, summary="order run_77ab41d0 is doubled")

    assert identified(FAILED, "t").id == identified(again, "t").id
    assert identified(FAILED, "t").id != identified(other, "t").id
    assert identified(FAILED, "t").id != identified(FAILED, "u").id


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.NOT_RUN])
def test_what_is_not_known_has_another_id_than_what_failed(outcome: Outcome) -> None:
    """Who accepts that a check broke or did not run has not accepted that it fails."""
    unknown = identified(msgspec.structs.replace(FAILED, outcome=outcome), "t")

    assert unknown.id
    assert unknown.id != identified(FAILED, "t").id


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.NOT_APPLICABLE])
def test_what_holds_has_none(outcome: Outcome) -> None:
    """There is nothing to waive."""
    assert identified(msgspec.structs.replace(FAILED, outcome=outcome), "t").id == ""


def test_an_id_that_exists_stays() -> None:
    """A defect that fuzzing found, or an id of your own, is waived by the same id as before."""
    admission = Admission(shipped(), str)
    finding = Finding(item="contract.fuzz", outcome=Outcome.FAIL, summary="s").named("GET /runs", "status", "500")

    assert admission.admit(finding, "t", origin="t") == finding
    assert finding.id == "F-4cee3bf68b"


def test_admission_names_what_failed_once() -> None:
    """What a worker sent has its id already, and the controller changes nothing of it."""
    admission = Admission(shipped(), str)
    finding = msgspec.structs.replace(FAILED, item="auth.accepts")

    first = admission.admit(finding, "x", origin="x")

    assert first.id
    assert admission.admit(first, "elsewhere") == first
